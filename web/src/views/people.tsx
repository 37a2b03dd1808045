// Those who may use the studio: invited, changed, and let go.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api } from '../api.ts';
import { words, locale } from '../i18n/index.ts';
import { Button } from '../parts/controls.tsx';
import { Icon } from '../parts/icons.tsx';
import { Menu } from '../parts/menu.tsx';
import type { MenuItem } from '../parts/menu.tsx';
import { complain } from '../state/errors.ts';
import { session } from '../state/session.ts';
import { toast } from '../state/toasts.ts';
import { bytes, day } from '../time.ts';
import type { Person } from '../types.ts';
import { History } from './history.tsx';
import { ChangeDialog, InviteDialog, LinkDialog, RemoveDialog } from './people_dialogs.tsx';
import type { Link } from './people_dialogs.tsx';

type Open = { kind: 'invite' } | { kind: 'change' | 'remove'; person: Person } | { kind: 'link'; link: Link };

export function People() {
  const said = words.value.people;
  const people = useSignal<Person[] | null>(null);
  const open = useSignal<Open | null>(null);
  const load = (): Promise<void> => api.people().then((list) => { people.value = list; }).catch(complain);
  useEffect(() => void load(), []);
  const close = (): void => {
    open.value = null;
    void load();
  };
  const showLink = (link: Link): void => { open.value = { kind: 'link', link }; };
  const now = open.value;
  return (
    <>
      <header class="page-head">
        <h2>{said.title}</h2>
        <Button look="primary" icon="person" onClick={() => { open.value = { kind: 'invite' }; }}>{said.invite}</Button>
      </header>
      <p class="lead">{said.lead}</p>
      <ul class="rows">
        {people.value?.map((person) => (
          <PersonRow key={person.id} person={person} onOpen={(next) => { open.value = next; }} onLink={showLink} onChanged={() => void load()} />
        ))}
      </ul>
      <History />
      {now?.kind === 'invite' && <InviteDialog onLink={showLink} onClose={close} />}
      {now?.kind === 'change' && <ChangeDialog person={now.person} onClose={close} />}
      {now?.kind === 'remove' && <RemoveDialog person={now.person} onClose={close} />}
      {now?.kind === 'link' && <LinkDialog link={now.link} onClose={close} />}
    </>
  );
}

function stateOf(person: Person): string {
  const said = words.value.people;
  if (person.state === 'local') return said.local;
  if (person.state === 'disabled') return said.disabled;
  if (person.state === 'active') return '';
  return person.invited_until_ms === null ? said.inviteOver : said.invitedUntil(day(person.invited_until_ms, locale.value));
}

function clipsOf(person: Person): string {
  const said = words.value.people;
  const { jobs, bytes: size, today } = person.usage;
  if (jobs === 0) return said.noClips;
  return [said.clips(jobs, bytes(size)), today > 0 ? said.today(today) : ''].filter(Boolean).join(' · ');
}

interface PersonRowProps {
  person: Person;
  onOpen: (what: Open) => void;
  onLink: (link: Link) => void;
  onChanged: () => void;
}

function PersonRow({ person, onOpen, onLink, onChanged }: PersonRowProps) {
  const said = words.value.people;
  const isMe = person.id === session.value?.account?.id;
  const limit = person.clips_per_day === null ? '' : person.clips_per_day === 0 ? said.noLimit : said.perDay(person.clips_per_day);
  return (
    <li class={person.disabled ? 'row row-off' : 'row'}>
      <span class="face" aria-hidden="true">{person.name.slice(0, 1).toUpperCase()}</span>
      <div>
        <strong>{person.name}</strong>
        {isMe && <span class="badge badge-plain">{said.you}</span>}
        {person.role === 'admin' && <span class="badge">{said.roles.admin}</span>}
        <p class="help">{[stateOf(person), clipsOf(person), limit].filter(Boolean).join(' · ')}</p>
      </div>
      <PersonMenu person={person} onOpen={onOpen} onLink={onLink} onChanged={onChanged} />
    </li>
  );
}

function PersonMenu({ person, onOpen, onLink, onChanged }: PersonRowProps) {
  const said = words.value.people;
  const link = (): void => void api.resetPerson(person.id).then((made) => onLink({ name: person.name, ...made.invitation })).catch(complain);
  const lock = (): void => void api.changePerson(person.id, { disabled: !person.disabled })
    .then(() => { toast(person.disabled ? said.enabledNow(person.name) : said.disabledNow(person.name)); onChanged(); }).catch(complain);
  const items: MenuItem[] = [];
  if (person.state !== 'local') {
    items.push(
      { label: said.change, icon: 'sliders', run: () => onOpen({ kind: 'change', person }) },
      { label: person.state === 'invited' ? said.newLink : said.resetPassword, icon: 'share', run: link },
      { label: person.disabled ? said.enable : said.disable, icon: person.disabled ? 'unlocked' : 'locked', run: lock },
    );
  }
  items.push({ label: said.remove, icon: 'trash', run: () => onOpen({ kind: 'remove', person }) });
  return <Menu label={said.menu(person.name)} look="icon-button" button={<Icon name="more" />} items={items} />;
}
