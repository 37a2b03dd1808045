// The small windows of the people page.
import { useSignal } from '@preact/signals';
import { api } from '../api.ts';
import { words, locale } from '../i18n/index.ts';
import { Button, Field, Segments } from '../parts/controls.tsx';
import { CopyLine } from '../parts/copy.tsx';
import { Confirm, Dialog } from '../parts/dialog.tsx';
import { kindly } from '../state/errors.ts';
import { toast } from '../state/toasts.ts';
import { day } from '../time.ts';
import type { Person, Role } from '../types.ts';

export interface Link {
  name: string;
  url: string;
  expires_ms: number;
}

interface Wanted {
  name: string;
  role: Role;
  clips_per_day: number | null;
}

interface PersonFormProps {
  start: Wanted;
  button: string;
  send: (wanted: Wanted) => Promise<void>;
  onClose: () => void;
}

function PersonForm({ start, button, send, onClose }: PersonFormProps) {
  const said = words.value.people;
  const wanted = useSignal(start);
  const problem = useSignal('');
  const set = (part: Partial<Wanted>): void => { wanted.value = { ...wanted.value, ...part }; };
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    await send({ ...wanted.value, name: wanted.value.name.trim() }).catch((error: unknown) => { problem.value = kindly(error); });
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Field id="person-name" label={said.name}>
        <input id="person-name" required maxLength={64} autocomplete="off" value={wanted.value.name} onInput={(event) => set({ name: event.currentTarget.value })} />
      </Field>
      <Segments
        label={said.role} name="role" value={wanted.value.role} onChoose={(role) => set({ role })}
        choices={[{ value: 'member', label: said.roles.member }, { value: 'admin', label: said.roles.admin }]}
      />
      <Field id="person-clips" label={said.clipsPerDay} help={said.clipsPerDayHelp}>
        <input
          id="person-clips" type="number" min={0} step={1} placeholder={said.asTheStudio} aria-describedby="person-clips-help" value={wanted.value.clips_per_day ?? ''}
          onInput={(event) => set({ clips_per_day: event.currentTarget.value === '' ? null : Number(event.currentTarget.value) })}
        />
      </Field>
      <p class="complaint" role="alert">{problem.value}</p>
      <div class="dialog-foot">
        <Button onClick={onClose}>{words.value.common.cancel}</Button>
        <Button look="primary" type="submit" disabled={wanted.value.name.trim() === ''}>{button}</Button>
      </div>
    </form>
  );
}

export function InviteDialog({ onLink, onClose }: { onLink: (link: Link) => void; onClose: () => void }) {
  const said = words.value.people;
  const send = async ({ name, role, clips_per_day }: Wanted): Promise<void> => {
    const { invitation } = await api.invite(name, role, clips_per_day);
    onLink({ name, ...invitation });
  };
  return (
    <Dialog title={said.invite} onClose={onClose}>
      <PersonForm start={{ name: '', role: 'member', clips_per_day: null }} button={said.makeLink} send={send} onClose={onClose} />
    </Dialog>
  );
}

export function ChangeDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const send = async (wanted: Wanted): Promise<void> => {
    await api.changePerson(person.id, wanted);
    onClose();
  };
  return (
    <Dialog title={person.name} onClose={onClose}>
      <PersonForm start={{ name: person.name, role: person.role, clips_per_day: person.clips_per_day }} button={words.value.common.save} send={send} onClose={onClose} />
    </Dialog>
  );
}

export function LinkDialog({ link, onClose }: { link: Link; onClose: () => void }) {
  const said = words.value.people;
  return (
    <Dialog title={said.linkFor(link.name)} onClose={onClose}>
      <p>{said.linkHelp(day(link.expires_ms, locale.value))}</p>
      <CopyLine label={said.linkFor(link.name)} text={new URL(link.url, location.href).href} />
      <div class="dialog-foot"><Button onClick={onClose}>{words.value.common.done}</Button></div>
    </Dialog>
  );
}

export function RemoveDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const said = words.value.people;
  const count = person.usage.jobs;
  const isAgreed = useSignal(count === 0);
  const problem = useSignal('');
  const remove = async (): Promise<boolean> => {
    try {
      await api.removePerson(person.id, count > 0);
      toast(said.removed(person.name));
      return true;
    } catch (error) {
      problem.value = kindly(error);
      return false;
    }
  };
  return (
    <Confirm title={said.removeTitle(person.name)} question={said.removeAsk} yes={said.removeYes} isReady={isAgreed.value} onYes={remove} onClose={onClose}>
      {count > 0 && (
        <label class="with-clips">
          <input type="checkbox" checked={isAgreed.value} onChange={(event) => { isAgreed.value = event.currentTarget.checked; }} />
          <span>{said.removeClips(count)}</span>
        </label>
      )}
      <p class="complaint" role="alert">{problem.value}</p>
    </Confirm>
  );
}
