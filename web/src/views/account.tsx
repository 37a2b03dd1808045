// One's own account: the password, and the browsers that are signed in.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, api } from '../api.ts';
import { deviceName } from '../device.ts';
import { words, locale } from '../i18n/index.ts';
import { Button } from '../parts/controls.tsx';
import { NewPassword, PasswordField, passwordProblem } from '../parts/password.tsx';
import { complain, kindly } from '../state/errors.ts';
import { changePassword, session } from '../state/session.ts';
import { toast } from '../state/toasts.ts';
import { ago, day } from '../time.ts';
import type { Device } from '../types.ts';

export function AccountSettings() {
  const devices = useSignal<Device[] | null>(null);
  const load = (): Promise<void> => api.devices().then((list) => { devices.value = list; }).catch(complain);
  useEffect(() => void load(), []);
  return (
    <>
      <ChangePassword onChanged={() => void load()} />
      <Devices list={devices.value ?? []} onChanged={() => void load()} />
    </>
  );
}

function ChangePassword({ onChanged }: { onChanged: () => void }) {
  const said = words.value.account;
  const current = useSignal('');
  const password = useSignal('');
  const again = useSignal('');
  const problem = useSignal('');
  const busy = useSignal(false);
  const send = async (): Promise<void> => {
    await changePassword(current.value, password.value);
    for (const field of [current, password, again]) field.value = '';
    toast(said.passwordChanged);
    onChanged();
  };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    problem.value = passwordProblem(password.value, again.value);
    if (problem.value !== '') return;
    busy.value = true;
    await send().catch((error: unknown) => {
      problem.value = error instanceof ApiError && error.code === 'wrong_credentials' ? said.wrongCurrent : kindly(error);
    });
    busy.value = false;
  };
  return (
    <section>
      <h2>{said.passwordTitle}</h2>
      <form class="sheet" onSubmit={(event) => void submit(event)}>
        <input class="visually-hidden" tabIndex={-1} aria-hidden="true" autocomplete="username" readOnly value={session.value?.account?.name ?? ''} />
        <PasswordField id="current" label={said.passwordCurrent} autocomplete="current-password" value={current} />
        <NewPassword label={said.passwordNew} password={password} again={again} />
        <p class="complaint" role="alert">{problem.value}</p>
        <Button look="primary" type="submit" disabled={busy.value}>{said.passwordChange}</Button>
      </form>
    </section>
  );
}

function Devices({ list, onChanged }: { list: Device[]; onChanged: () => void }) {
  const said = words.value.account;
  const end = (work: Promise<void>): void => void work.catch(complain).then(onChanged);
  return (
    <section>
      <header class="page-head">
        <h2>{said.devices}</h2>
        {list.length > 1 && <Button look="quiet" icon="leave" onClick={() => end(api.endOtherDevices())}>{said.endOthers}</Button>}
      </header>
      <ul class="rows">
        {list.map((one) => <DeviceRow key={one.id} device={one} onEnd={() => end(api.endDevice(one.id))} />)}
      </ul>
    </section>
  );
}

function DeviceRow({ device, onEnd }: { device: Device; onEnd: () => void }) {
  const said = words.value.account;
  const used = ago(device.last_used_ms ?? device.created_ms, Date.now(), words.value.time, locale.value);
  return (
    <li class="row">
      <div>
        <strong>{deviceName(device.device) || said.someDevice}</strong>{device.current && <span class="badge">{said.thisDevice}</span>}
        <p class="help">{said.usedAt(used)} · {said.signedInOn(day(device.created_ms, locale.value))}</p>
      </div>
      {!device.current && <Button look="quiet" onClick={onEnd}>{said.endDevice}</Button>}
    </li>
  );
}
