// Durations, moments and sizes as people say them.
import type { Dictionary } from './i18n/en.ts';

type TimeWords = Dictionary['time'];

/** "4 s", "1 min 20 s", "2 h 5 min": coarser the longer, so that it does not flicker. */
export function duration(seconds: number, words: TimeWords): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 1) return words.moment;
  if (whole < 60) return words.seconds(whole);
  if (whole < 600) {
    const rest = Math.round((whole % 60) / 5) * 5;
    const minutes = Math.floor(whole / 60) + (rest === 60 ? 1 : 0);
    return rest % 60 === 0 ? words.minutes(minutes) : `${words.minutes(minutes)} ${words.seconds(rest)}`;
  }
  if (whole < 3600) return words.minutes(Math.round(whole / 60));
  const minutes = Math.round(whole / 60);
  const rest = minutes % 60;
  return rest === 0 ? words.hours(minutes / 60) : `${words.hours(Math.floor(minutes / 60))} ${words.minutes(rest)}`;
}

/** "just now", "5 min ago", "3 h ago", then the date. */
export function ago(moment_ms: number, now_ms: number, words: TimeWords, language: string): string {
  const seconds = (now_ms - moment_ms) / 1000;
  if (seconds < 45) return words.now;
  if (seconds < 3600) return words.ago(words.minutes(Math.max(1, Math.round(seconds / 60))));
  if (seconds < 86_400) return words.ago(words.hours(Math.round(seconds / 3600)));
  return day(moment_ms, language);
}

export function day(moment_ms: number, language: string): string {
  return new Intl.DateTimeFormat(language, { year: 'numeric', month: 'short', day: 'numeric' }).format(moment_ms);
}

export function moment(moment_ms: number, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(moment_ms);
}

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit] ?? 'B'}`;
}
