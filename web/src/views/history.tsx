// Who did what, folded until somebody wants to know.
import { useSignal } from '@preact/signals';
import { api } from '../api.ts';
import { words, locale } from '../i18n/index.ts';
import { Button } from '../parts/controls.tsx';
import { complain } from '../state/errors.ts';
import { moment } from '../time.ts';
import type { Act } from '../types.ts';

function sentence(act: Act): string {
  const acts: Record<string, (who: string, what: string) => string> = words.value.history.acts;
  return acts[act.action]?.(act.actor.name, act.subject) ?? `${act.actor.name}: ${act.action} ${act.subject}`;
}

export function History() {
  const said = words.value.history;
  const acts = useSignal<Act[]>([]);
  const hasMore = useSignal(true);
  const load = async (): Promise<void> => {
    try {
      const page = await api.acts(acts.value.at(-1)?.id ?? '');
      acts.value = [...acts.value, ...page.entries];
      hasMore.value = page.has_more;
    } catch (error) {
      complain(error);
    }
  };
  const unfold = (isOpen: boolean): void => {
    if (!isOpen) return;
    acts.value = [];
    void load();
  };
  return (
    <details class="made history" onToggle={(event) => unfold(event.currentTarget.open)}>
      <summary class="label">{said.title}</summary>
      <ul class="history-list">
        {acts.value.map((act) => (
          <li key={act.id}><span>{sentence(act)}</span><time class="help" dateTime={new Date(act.at_ms).toISOString()}>{moment(act.at_ms, locale.value)}</time></li>
        ))}
      </ul>
      {hasMore.value && acts.value.length > 0 && <Button look="quiet" onClick={() => void load()}>{said.more}</Button>}
    </details>
  );
}
