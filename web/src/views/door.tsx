// Before the studio: the first account, or signing in.
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { ApiError } from '../api.ts';
import { words } from '../i18n/index.ts';
import { Button, Field } from '../parts/controls.tsx';
import { Mark } from '../parts/icons.tsx';
import { Landscape } from '../parts/landscape.tsx';
import { setupSecret } from '../route.ts';
import { kindly } from '../state/errors.ts';
import { connection } from '../state/live.ts';
import { setUp, signIn } from '../state/session.ts';
import { ConnectionBanner, LanguageMenu, ThemeMenu } from './shell.tsx';

const shortestPassword = 8;

export function Door({ state }: { state: 'unknown' | 'setup' | 'sign-in' }) {
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

function Form({ title, lead, button, send, problem, children }: FormProps) {
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

function SetUp() {
  const said = words.value.account;
  const given = setupSecret(location.search, location.hash);
  const secret = useSignal(given ?? '');
  const name = useSignal('');
  const password = useSignal('');
  const again = useSignal('');
  const send = async (): Promise<void> => {
    if (password.value.length < shortestPassword) throw new Error(said.tooShort);
    if (password.value !== again.value) throw new Error(said.mismatch);
    await setUp(secret.value.trim(), name.value.trim(), password.value);
    history.replaceState(null, '', `${location.pathname}#/`); // the secret does not stay in the address
  };
  const problem = (error: unknown): string => (error instanceof Error && !(error instanceof ApiError) ? error.message : kindly(error));
  return (
    <Form title={said.setupTitle} lead={given ? said.setupLead : said.setupNoSecret} button={said.begin} send={send} problem={problem}>
      {!given && (
        <Field id="setup-secret" label={said.setupSecret}>
          <input id="setup-secret" required autocomplete="off" value={secret.value} onInput={(event) => { secret.value = event.currentTarget.value; }} />
        </Field>
      )}
      <Field id="name" label={said.name}>
        <input id="name" required autocomplete="username" maxLength={64} value={name.value} onInput={(event) => { name.value = event.currentTarget.value; }} />
      </Field>
      <Field id="password" label={said.password} help={said.passwordHelp}>
        <input
          id="password" type="password" required autocomplete="new-password" aria-describedby="password-help"
          value={password.value} onInput={(event) => { password.value = event.currentTarget.value; }}
        />
      </Field>
      <Field id="again" label={said.passwordAgain}>
        <input id="again" type="password" required autocomplete="new-password" value={again.value} onInput={(event) => { again.value = event.currentTarget.value; }} />
      </Field>
    </Form>
  );
}

function SignIn() {
  const said = words.value.account;
  const name = useSignal('');
  const password = useSignal('');
  const problem = (error: unknown): string => (error instanceof ApiError && error.status === 401 ? said.wrong : kindly(error));
  return (
    <Form title={said.signInTitle} lead={said.signInLead} button={said.signIn} send={() => signIn(name.value.trim(), password.value)} problem={problem}>
      <Field id="name" label={said.name}>
        <input id="name" required autocomplete="username" value={name.value} onInput={(event) => { name.value = event.currentTarget.value; }} />
      </Field>
      <Field id="password" label={said.password}>
        <input
          id="password" type="password" required autocomplete="current-password"
          value={password.value} onInput={(event) => { password.value = event.currentTarget.value; }}
        />
      </Field>
    </Form>
  );
}
