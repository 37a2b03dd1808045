import { words } from '../i18n/index.ts';
import { commandKey } from '../keyboard.ts';
import { Dialog } from '../parts/dialog.tsx';

export function Shortcuts({ onClose }: { onClose: () => void }) {
  const said = words.value.shortcuts;
  const anywhere: [string, string][] = [
    [`${commandKey} Enter`, said.generate], ['c', said.focusPrompt], ['s', said.studio], ['l', said.library], ['/', said.search], ['?', said.help],
  ];
  const clip: [string, string][] = [
    ['Space', said.play], ['← →', said.neighbours], ['f', said.favourite], ['r', said.restore], ['m', said.remix], ['Delete', said.trash], ['Esc', said.close],
  ];
  return (
    <Dialog title={said.title} onClose={onClose} wide>
      <div class="shortcut-columns">
        <List title={said.anywhere} rows={anywhere} />
        <List title={said.inClip} rows={clip} />
      </div>
    </Dialog>
  );
}

function List({ title, rows }: { title: string; rows: [string, string][] }) {
  return (
    <section>
      <h3 class="label">{title}</h3>
      <dl class="shortcut-list">
        {rows.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>{keys.split(' ').map((key) => <kbd key={key}>{key}</kbd>)}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
