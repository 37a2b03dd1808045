// What the file that was dropped says of its origin.
import { words } from '../i18n/index.ts';
import { IconButton } from '../parts/controls.tsx';
import { Icon } from '../parts/icons.tsx';
import type { IconName } from '../parts/icons.tsx';
import { origin } from '../state/recipes.ts';
import type { Origin } from '../types.ts';

const icons: Record<Origin['state'], IconName> = { trusted: 'tick', valid: 'tick', invalid: 'alert', not_present: 'ring' };

export function OriginNote() {
  const now = origin.value;
  if (!now) return null;
  const said = words.value.origin;
  const { state, c2pa } = now.says;
  const maker = c2pa?.software_agent ?? c2pa?.generator;
  const details = [c2pa?.signer && said.signer(c2pa.signer), maker && said.maker(maker)].filter(Boolean);
  return (
    <div class={`origin origin-${state}`} role="status">
      <Icon name={icons[state]} />
      <p>
        <strong>{said.states[state]}</strong> <span class="origin-file">{now.file}</span>
        {details.length > 0 && <span class="help">{details.join(' · ')}</span>}
      </p>
      <IconButton icon="close" label={words.value.common.close} onClick={() => { origin.value = null; }} />
    </div>
  );
}
