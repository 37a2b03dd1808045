// How a clip was made: what was asked beside what came of it.
import { words } from '../i18n/index.ts';
import { settingRows } from '../settings.ts';
import type { SettingName, SettingValue } from '../settings.ts';
import type { Job } from '../types.ts';

export function shownValue(name: SettingName, value: SettingValue): string {
  if (value === null) return '–';
  if (name === 'seconds') return words.value.time.seconds(Number(value));
  return String(value).replace(/^(\d+)x(\d+)$/, '$1 × $2');
}

export function SettingsTable({ job }: { job: Job }) {
  const said = words.value;
  const rows = settingRows(job);
  if (rows.length === 0) return null;
  const changed = rows.some((row) => row.changed);
  return (
    <details class="made" open>
      <summary class="label">{said.clip.details}</summary>
      <table class="table">
        <thead class={changed ? undefined : 'visually-hidden'}>
          <tr><td /><th scope="col">{said.settings.requested}</th><th scope="col">{said.settings.effective}</th></tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name} class={row.changed ? 'is-changed' : undefined}>
              <th scope="row">{said.settings[row.name]}</th>
              <td class="asked">{row.changed || row.effective === null ? shownValue(row.name, row.requested) : ''}</td>
              <td>{shownValue(row.name, row.effective)}{row.changed && <span class="badge">{said.settings.changed}</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
