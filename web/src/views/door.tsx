// Before the studio: the first account, or signing in.
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { ApiError } from '../api.ts';
import { words } from '../i18n/index.ts';
import { Button, Field } from '../parts/controls.tsx';
import { Mark } from '../parts/icons.tsx';
import { Landscape } from '../parts/landscape.tsx';
import { NewPassword, PasswordField, passwordProblem } from '../parts/password.tsx';
import { setupSecret } from '../route.ts';
import { kindly } from '../state/errors.ts';
import { connection } from '../state/live.ts';
import { setUp, signIn } from '../state/session.ts';
import { Invitation } from './invitation.tsx';
import { ConnectionBanner, LanguageMenu, ThemeMenu } from './shell.tsx';

export function Door({ state }: { state: 'unknown' | 'setup' | 'invite' | 'sign-in' }) {
  return (
    <div class="door">
      <header class="bar">
        <span class="brand"><Mark /><span>{words.value.name}</span></span>
        <div class="bar-end"><LanguageMenu /><ThemeMenu /></div>
      </header>
      {connection.value === 'away' && <ConnectionBanner />}
      <Landscape />
      <main class="door-card">
        {state === 'unknown' && <p class="door-wait">{words.value.common.loading}</p>}
        {state === 'setup' && <SetUp />}
        {state === 'invite' && <Invitation />}
        {state === 'sign-in' && <SignIn />}
      </main>
    </div>
  );
}

interface FormProps {
  title: string;
  lead: string;
  button: string;
  send: () => Promise<void>;
  problem: (error: unknown) => string;
  children: ComponentChildren;
}

export function DoorForm({ title, lead, button, send, problem, children }: FormProps) {
  const busy = useSignal(false);
  const complaint = useSignal('');
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    busy.value = true;
    complaint.value = '';
    try {
      await send();
    } catch (error) {
      complaint.value = problem(error);
    }
    busy.value = false;
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <h1>{title}</h1>
      <p class="lead">{lead}</p>
      {children}
      <p class="complaint" role="alert">{complaint.value}</p>
      <Button look="primary" type="submit" disabled={busy.value}>{button}</Button>
    </form>
  );
}

/** What this page itself complains of, or what the server says. */
export function ownOrKindly(error: unknown): string {
  return error instanceof Error && !(error instanceof ApiError) ? error.message : kindly(error);
}

function SetUp() {
  const said = words.value.account;
  const given = setupSecret(location.search, location.hash);
  const secret = useSignal(given ?? '');
  const name = useSignal('');
  const password = useSignal('');
  const again = useSignal('');
  const send = async (): Promise<void> => {
    const weakness = passwordProblem(password.value, again.value);
    if (weakness !== '') throw new Error(weakness);
    await setUp(secret.value.trim(), name.value.trim(), password.value);
    history.replaceState(null, '', `${location.pathname}#/`); // the secret does not stay in the address
  };
  return (
    <DoorForm title={said.setupTitle} lead={given ? said.setupLead : said.setupNoSecret} button={said.begin} send={send} problem={ownOrKindly}>
      {!given && (
        <Field id="setup-secret" label={said.setupSecret}>
          <input id="setup-secret" required autocomplete="off" value={secret.value} onInput={(event) => { secret.value = event.currentTarget.value; }} />
        </Field>
      )}
      <Field id="name" label={said.name}>
        <input id="name" required autocomplete="username" maxLength={64} value={name.value} onInput={(event) => { name.value = event.currentTarget.value; }} />
      </Field>
      <NewPassword label={said.password} password={password} again={again} />
    </DoorForm>
  );
}

function SignIn() {
  const said = words.value.account;
  const name = useSignal('');
  const password = useSignal('');
  const problem = (error: unknown): string => (error instanceof ApiError && error.status === 401 ? said.wrong : kindly(error));
  return (
    <DoorForm title={said.signInTitle} lead={said.signInLead} button={said.signIn} send={() => signIn(name.value.trim(), password.value)} problem={problem}>
      <Field id="name" label={said.name}>
        <input id="name" required autocomplete="username" value={name.value} onInput={(event) => { name.value = event.currentTarget.value; }} />
      </Field>
      <PasswordField id="password" label={said.password} autocomplete="current-password" value={password} />
    </DoorForm>
  );
}
