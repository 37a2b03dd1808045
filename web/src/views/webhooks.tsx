// Where programs are told that a clip is done.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api } from '../api.ts';
import { words, locale } from '../i18n/index.ts';
import { Button } from '../parts/controls.tsx';
import { Icon } from '../parts/icons.tsx';
import { Menu } from '../parts/menu.tsx';
import type { MenuItem } from '../parts/menu.tsx';
import { complain } from '../state/errors.ts';
import { toast } from '../state/toasts.ts';
import { day } from '../time.ts';
import type { Webhook } from '../types.ts';
import { Deliveries } from './deliveries.tsx';
import { RemoveWebhookDialog, RotateDialog, SecretDialog, WebhookDialog } from './webhook_dialogs.tsx';

type Open = { kind: 'create' } | { kind: 'change' | 'rotate' | 'remove'; hook: Webhook } | { kind: 'secret'; secret: string };

export function Webhooks() {
  const said = words.value.webhooks;
  const hooks = useSignal<Webhook[] | null>(null);
  const events = useSignal<string[]>([]);
  const open = useSignal<Open | null>(null);
  const load = async (): Promise<void> => {
    try {
      const answer = await api.webhooks();
      hooks.value = answer.webhooks;
      events.value = answer.events;
    } catch (error) {
      complain(error);
    }
  };
  useEffect(() => void load(), []);
  const close = (): void => {
    open.value = null;
    void load();
  };
  const showSecret = (secret: string): void => { open.value = { kind: 'secret', secret }; };
  const now = open.value;
  return (
    <>
      <header class="page-head">
        <h2>{said.title}</h2>
        <Button look="primary" icon="share" onClick={() => { open.value = { kind: 'create' }; }}>{said.create}</Button>
      </header>
      <p class="lead">{said.lead}</p>
      {hooks.value?.length === 0 && <div class="empty"><Icon name="share" /><p>{said.empty}</p></div>}
      <ul class="rows">
        {hooks.value?.map((hook) => <HookRow key={hook.id} hook={hook} onOpen={(next) => { open.value = next; }} onChanged={() => void load()} />)}
      </ul>
      {now?.kind === 'create' && <WebhookDialog hook={null} events={events.value} onSecret={showSecret} onClose={close} />}
      {now?.kind === 'change' && <WebhookDialog hook={now.hook} events={events.value} onSecret={showSecret} onClose={close} />}
      {now?.kind === 'rotate' && <RotateDialog hook={now.hook} onSecret={showSecret} onClose={close} />}
      {now?.kind === 'remove' && <RemoveWebhookDialog hook={now.hook} onClose={close} />}
      {now?.kind === 'secret' && <SecretDialog secret={now.secret} onClose={close} />}
    </>
  );
}

function stateOf(hook: Webhook): string {
  const said = words.value.webhooks;
  if (!hook.enabled) return said.off;
  return hook.failing_since_ms === null ? '' : said.failing(hook.failures, day(hook.failing_since_ms, locale.value));
}

interface HookRowProps {
  hook: Webhook;
  onOpen: (what: Open) => void;
  onChanged: () => void;
}

function HookRow({ hook, onOpen, onChanged }: HookRowProps) {
  const said = words.value.webhooks;
  const state = stateOf(hook);
  const bothUntil = hook.old_secret_until_ms === null ? '' : said.bothUntil(day(hook.old_secret_until_ms, locale.value));
  return (
    <li class={hook.enabled ? 'row row-tall' : 'row row-tall row-off'}>
      <div>
        <strong>{hook.name}</strong>{state && <span class="badge">{state}</span>}
        <p class="help"><code>{hook.url}</code></p>
        <p class="help">{[hook.events.join(', '), hook.hint, bothUntil].filter(Boolean).join(' · ')}</p>
        <Deliveries hook={hook} />
      </div>
      <HookMenu hook={hook} onOpen={onOpen} onChanged={onChanged} />
    </li>
  );
}

function HookMenu({ hook, onOpen, onChanged }: HookRowProps) {
  const said = words.value.webhooks;
  const test = (): void => void api.testWebhook(hook.id)
    .then(({ delivered, status, error }) => toast(delivered ? said.delivered(status ?? 0) : said.notDelivered(error ?? String(status)), null, delivered ? 'plain' : 'problem'))
    .catch(complain);
  const turn = (): void => void api.changeWebhook(hook.id, { enabled: !hook.enabled }).catch(complain).then(onChanged);
  const items: MenuItem[] = [
    { label: said.test, icon: 'play', run: test },
    { label: said.change, icon: 'sliders', run: () => onOpen({ kind: 'change', hook }) },
    { label: said.rotate, icon: 'key', run: () => onOpen({ kind: 'rotate', hook }) },
    { label: hook.enabled ? said.turnOff : said.turnOn, icon: hook.enabled ? 'pause' : 'play', run: turn },
    { label: said.remove, icon: 'trash', run: () => onOpen({ kind: 'remove', hook }) },
  ];
  return <Menu label={said.menu(hook.name)} look="icon-button" button={<Icon name="more" />} items={items} />;
}
