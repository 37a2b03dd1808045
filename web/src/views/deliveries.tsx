// What was sent to a webhook, and what came of it; folded until somebody wants to know.
import { useSignal } from '@preact/signals';
import { api } from '../api.ts';
import { words, locale } from '../i18n/index.ts';
import { Button } from '../parts/controls.tsx';
import { complain } from '../state/errors.ts';
import { moment } from '../time.ts';
import type { Delivery, Webhook } from '../types.ts';

export function Deliveries({ hook }: { hook: Webhook }) {
  const said = words.value.webhooks;
  const list = useSignal<Delivery[] | null>(null);
  const hasMore = useSignal(false);
  const load = async (before: Delivery[]): Promise<void> => {
    try {
      const page = await api.deliveries(hook.id, before.at(-1)?.id ?? '');
      list.value = [...before, ...page.deliveries];
      hasMore.value = page.has_more;
    } catch (error) {
      complain(error);
    }
  };
  const again = (delivery: Delivery): void => void api.deliverAgain(hook.id, delivery.id).catch(complain).then(() => load([]));
  return (
    <details class="deliveries" onToggle={(event) => { if (event.currentTarget.open) void load([]); }}>
      <summary class="label">{said.log}</summary>
      {list.value?.length === 0 && <p class="help">{said.nothingSent}</p>}
      <ul class="history-list">
        {list.value?.map((delivery) => (
          <li key={delivery.id}>
            <span><code>{delivery.type}</code> {said.states[delivery.state]}{delivery.status !== null && ` (${delivery.status})`}</span>
            <time class="help" dateTime={new Date(delivery.created_ms).toISOString()}>{moment(delivery.created_ms, locale.value)}</time>
            {delivery.error !== null && <span class="help delivery-error">{delivery.error}</span>}
            {delivery.state === 'failed' && hook.enabled && <Button look="quiet" onClick={() => again(delivery)}>{said.again}</Button>}
          </li>
        ))}
      </ul>
      {hasMore.value && <Button look="quiet" onClick={() => void load(list.value ?? [])}>{words.value.history.more}</Button>}
    </details>
  );
}
