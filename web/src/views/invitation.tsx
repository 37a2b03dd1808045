// Behind a link of invitation: who it is for, and a password of their choice.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { ApiError, api } from '../api.ts';
import { words } from '../i18n/index.ts';
import { NewPassword, passwordProblem } from '../parts/password.tsx';
import { go, hrefOf, route } from '../route.ts';
import { complain } from '../state/errors.ts';
import { join } from '../state/session.ts';
import { DoorForm, ownOrKindly } from './door.tsx';

export function Invitation() {
  const said = words.value.account;
  const secret = route.value.view === 'invite' ? route.value.secret : '';
  const name = useSignal<string | null>(null);
  const isOver = useSignal(false);
  const password = useSignal('');
  const again = useSignal('');
  useEffect(() => {
    api.invitation(secret).then((found) => { name.value = found.name; }).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) isOver.value = true;
      else complain(error);
    });
  }, [secret]);
  const send = async (): Promise<void> => {
    const weakness = passwordProblem(password.value, again.value);
    if (weakness !== '') throw new Error(weakness);
    await join(secret, password.value);
    go({ view: 'make' });
  };
  if (isOver.value) {
    return (
      <>
        <h1>{said.inviteOverTitle}</h1>
        <p>{said.inviteOverLead}</p>
        <a class="button button-plain" href={hrefOf({ view: 'make' })}><span>{said.toDoor}</span></a>
      </>
    );
  }
  if (name.value === null) return <p class="door-wait">{words.value.common.loading}</p>;
  return (
    <DoorForm title={said.inviteTitle(name.value)} lead={said.inviteLead} button={said.begin} send={send} problem={ownOrKindly}>
      <input class="visually-hidden" tabIndex={-1} aria-hidden="true" autocomplete="username" readOnly value={name.value} />
      <NewPassword label={said.password} password={password} again={again} />
    </DoorForm>
  );
}
