// The small windows of the webhooks page.
import { useSignal } from '@preact/signals';
import { api } from '../api.ts';
import { words } from '../i18n/index.ts';
import { Button, Field } from '../parts/controls.tsx';
import { CopyLine } from '../parts/copy.tsx';
import { Confirm, Dialog } from '../parts/dialog.tsx';
import { complain, kindly } from '../state/errors.ts';
import { toast } from '../state/toasts.ts';
import type { Webhook } from '../types.ts';

interface WebhookDialogProps {
  hook: Webhook | null; // null: a new one
  events: string[];
  onSecret: (secret: string) => void;
  onClose: () => void;
}

export function WebhookDialog({ hook, events, onSecret, onClose }: WebhookDialogProps) {
  const said = words.value.webhooks;
  const name = useSignal(hook?.name ?? '');
  const url = useSignal(hook?.url ?? 'https://');
  const chosen = useSignal<string[]>(hook?.events ?? events);
  const problem = useSignal('');
  const send = async (): Promise<void> => {
    if (hook) {
      await api.changeWebhook(hook.id, { name: name.value.trim(), url: url.value.trim(), events: chosen.value });
      onClose();
    } else {
      onSecret((await api.createWebhook(name.value.trim(), url.value.trim(), chosen.value)).secret);
    }
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    void send().catch((error: unknown) => { problem.value = kindly(error); });
  };
  const choose = (type: string, isWanted: boolean): void => {
    chosen.value = events.filter((one) => (one === type ? isWanted : chosen.value.includes(one)));
  };
  return (
    <Dialog title={hook?.name ?? said.create} onClose={onClose}>
      <form onSubmit={submit}>
        <Field id="hook-name" label={said.name}>
          <input id="hook-name" required maxLength={80} value={name.value} onInput={(event) => { name.value = event.currentTarget.value; }} />
        </Field>
        <Field id="hook-url" label={said.address} help={said.addressHelp}>
          <input id="hook-url" type="url" required maxLength={2000} aria-describedby="hook-url-help" value={url.value} onInput={(event) => { url.value = event.currentTarget.value; }} />
        </Field>
        <fieldset class="checks">
          <legend class="label">{said.events}</legend>
          {events.map((type) => (
            <label key={type} class="with-clips">
              <input type="checkbox" checked={chosen.value.includes(type)} onChange={(event) => choose(type, event.currentTarget.checked)} /><code>{type}</code>
            </label>
          ))}
        </fieldset>
        <p class="complaint" role="alert">{problem.value}</p>
        <div class="dialog-foot">
          <Button onClick={onClose}>{words.value.common.cancel}</Button>
          <Button look="primary" type="submit" disabled={chosen.value.length === 0}>{hook ? words.value.common.save : said.create}</Button>
        </div>
      </form>
    </Dialog>
  );
}

export function SecretDialog({ secret, onClose }: { secret: string; onClose: () => void }) {
  const said = words.value.webhooks;
  return (
    <Dialog title={said.secret} onClose={onClose}>
      <p>{said.secretHelp}</p>
      <CopyLine label={said.secret} text={secret} />
      <div class="dialog-foot"><Button onClick={onClose}>{words.value.common.done}</Button></div>
    </Dialog>
  );
}

export function RotateDialog({ hook, onSecret, onClose }: { hook: Webhook; onSecret: (secret: string) => void; onClose: () => void }) {
  const said = words.value.webhooks;
  const keepsOld = useSignal(true);
  const rotate = async (): Promise<boolean> => {
    await api.rotateWebhook(hook.id, keepsOld.value).then(({ secret }) => onSecret(secret)).catch(complain);
    return false; // the new secret takes this window's place
  };
  return (
    <Confirm title={said.rotate} question={said.rotateAsk} yes={said.rotateYes} onYes={rotate} onClose={onClose}>
      <label class="with-clips">
        <input type="checkbox" checked={keepsOld.value} onChange={(event) => { keepsOld.value = event.currentTarget.checked; }} /><span>{said.keepOld}</span>
      </label>
    </Confirm>
  );
}

export function RemoveWebhookDialog({ hook, onClose }: { hook: Webhook; onClose: () => void }) {
  const said = words.value.webhooks;
  const remove = (): Promise<void> => api.removeWebhook(hook.id).then(() => { toast(said.removed); }).catch(complain);
  return <Confirm title={said.remove} question={said.removeAsk(hook.name)} yes={said.removeYes} onYes={remove} onClose={onClose} />;
}
