// Keys for programs: made, shown once, revoked.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api } from '../api.ts';
import { words, locale } from '../i18n/index.ts';
import { Button, Field } from '../parts/controls.tsx';
import { CopyLine } from '../parts/copy.tsx';
import { Confirm, Dialog } from '../parts/dialog.tsx';
import { Icon } from '../parts/icons.tsx';
import { complain } from '../state/errors.ts';
import { toast } from '../state/toasts.ts';
import { ago, day } from '../time.ts';
import type { Key, Scope } from '../types.ts';

const scopes: Scope[] = ['read', 'generate', 'admin'];
const dayLength_ms = 86_400_000;

export function Keys() {
  const said = words.value.keys;
  const keys = useSignal<Key[] | null>(null);
  const isCreating = useSignal(false);
  const revoking = useSignal<Key | null>(null);
  const load = (): Promise<void> => api.keys().then((list) => { keys.value = list; }).catch(complain);
  useEffect(() => void load(), []);
  const revoke = async (key: Key): Promise<void> => {
    await api.revokeKey(key.id).then(() => toast(said.revoked)).catch(complain);
    await load();
  };
  return (
    <>
      <header class="page-head">
        <h2>{said.title}</h2>
        <Button look="primary" icon="key" onClick={() => { isCreating.value = true; }}>{said.create}</Button>
      </header>
      <p class="lead">{said.lead}</p>
      {keys.value?.length === 0 && <div class="empty"><Icon name="key" /><p>{said.empty}</p></div>}
      {keys.value && keys.value.length > 0 && (
        <ul class="rows">{keys.value.map((key) => <KeyRow key={key.id} entry={key} onRevoke={() => { revoking.value = key; }} />)}</ul>
      )}
      {isCreating.value && <CreateDialog onClose={() => { isCreating.value = false; void load(); }} />}
      {revoking.value && (
        <Confirm
          title={said.revoke} question={said.revokeAsk(revoking.value.name)} yes={said.revoke}
          onYes={() => (revoking.value ? revoke(revoking.value) : undefined)} onClose={() => { revoking.value = null; }}
        />
      )}
    </>
  );
}

function KeyRow({ entry, onRevoke }: { entry: Key; onRevoke: () => void }) {
  const said = words.value.keys;
  const now = Date.now();
  const used = entry.last_used_ms === null ? said.unused : said.used(ago(entry.last_used_ms, now, words.value.time, locale.value));
  const isExpired = entry.expires_ms !== null && entry.expires_ms < now;
  const until = entry.expires_ms === null ? '' : isExpired ? said.expired : said.until(day(entry.expires_ms, locale.value));
  return (
    <li class="row">
      <div>
        <strong>{entry.name}</strong> <code>{entry.hint}</code>
        <p class="help">{[said.scopes[entry.scope], used, said.made(day(entry.created_ms, locale.value)), until].filter(Boolean).join(' · ')}</p>
      </div>
      <Button look="quiet" onClick={onRevoke}>{said.revoke}</Button>
    </li>
  );
}

function CreateDialog({ onClose }: { onClose: () => void }) {
  const said = words.value.keys;
  const name = useSignal('');
  const scope = useSignal<Scope>('generate');
  const days = useSignal(0);
  const secret = useSignal<string | null>(null);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const expires = days.value === 0 ? null : Date.now() + days.value * dayLength_ms;
    await api.createKey(name.value.trim(), scope.value, expires).then((made) => { secret.value = made.secret; }).catch(complain);
  };
  if (secret.value !== null) {
    return (
      <Dialog title={said.secret} onClose={onClose}>
        <p>{said.once}</p>
        <CopyLine label={said.secret} text={secret.value} />
        <div class="dialog-foot"><Button onClick={onClose}>{words.value.common.done}</Button></div>
      </Dialog>
    );
  }
  return (
    <Dialog title={said.create} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <Field id="key-name" label={said.name}>
          <input id="key-name" required maxLength={80} value={name.value} onInput={(event) => { name.value = event.currentTarget.value; }} />
        </Field>
        <Field id="key-scope" label={said.scope}>
          <select id="key-scope" value={scope.value} onChange={(event) => { scope.value = event.currentTarget.value as Scope; }}>
            {scopes.map((one) => <option key={one} value={one}>{said.scopes[one]}</option>)}
          </select>
        </Field>
        <Field id="key-days" label={said.expires}>
          <select id="key-days" value={days.value} onChange={(event) => { days.value = Number(event.currentTarget.value); }}>
            <option value={0}>{said.never}</option><option value={30}>{said.days(30)}</option><option value={365}>{said.year}</option>
          </select>
        </Field>
        <div class="dialog-foot">
          <Button onClick={onClose}>{words.value.common.cancel}</Button>
          <Button look="primary" type="submit" disabled={name.value.trim() === ''}>{said.create}</Button>
        </div>
      </form>
    </Dialog>
  );
}
