// Fields for passwords, and what is asked of a new one.
import type { Signal } from '@preact/signals';
import { words } from '../i18n/index.ts';
import { Field } from './controls.tsx';

const shortest = 8;

interface PasswordFieldProps {
  id: string;
  label: string;
  autocomplete: 'current-password' | 'new-password';
  value: Signal<string>;
  help?: string;
}

export function PasswordField({ id, label, autocomplete, value, help }: PasswordFieldProps) {
  return (
    <Field id={id} label={label} help={help}>
      <input
        id={id} type="password" required autocomplete={autocomplete} aria-describedby={help ? `${id}-help` : undefined}
        value={value.value} onInput={(event) => { value.value = event.currentTarget.value; }}
      />
    </Field>
  );
}

/** A new password, twice. */
export function NewPassword({ label, password, again }: { label: string; password: Signal<string>; again: Signal<string> }) {
  const said = words.value.account;
  return (
    <>
      <PasswordField id="password" label={label} autocomplete="new-password" value={password} help={said.passwordHelp} />
      <PasswordField id="again" label={said.passwordAgain} autocomplete="new-password" value={again} />
    </>
  );
}

/** Why a new password cannot be taken; empty: it can. */
export function passwordProblem(password: string, again: string): string {
  const said = words.value.account;
  if (password.length < shortest) return said.tooShort;
  return password === again ? '' : said.mismatch;
}
