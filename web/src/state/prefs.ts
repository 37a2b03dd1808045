// Language, theme and whether things may move.
import { effect, signal } from '@preact/signals';
import type { Language } from '../prompt.ts';
import { recall, remember } from './stored.ts';

export type Theme = 'auto' | 'light' | 'dark';

const browserLanguage: Language = typeof navigator !== 'undefined' && navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';

export const language = signal<Language>(recall<Language>('language', browserLanguage, (value) => value === 'en' || value === 'zh'));
export const theme = signal<Theme>(recall<Theme>('theme', 'auto', (value) => value === 'light' || value === 'dark'));
export const reducedMotion = signal(false);

export function setLanguage(next: Language): void {
  language.value = next;
  remember('language', next);
}

export function setTheme(next: Theme): void {
  theme.value = next;
  remember('theme', next);
}

/** Keeps the page's root element and the wish for less motion up to date. */
export function watchPreferences(): void {
  effect(() => {
    document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
    if (theme.value === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme.value;
  });
  const query = matchMedia('(prefers-reduced-motion: reduce)');
  reducedMotion.value = query.matches;
  query.addEventListener('change', () => {
    reducedMotion.value = query.matches;
  });
}
