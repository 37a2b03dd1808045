// Buttons under a finished clip.
import { useSignal } from '@preact/signals';
import { api } from '../api.ts';
import { words } from '../i18n/index.ts';
import { Button } from '../parts/controls.tsx';
import { CopyLine } from '../parts/copy.tsx';
import { Confirm, Dialog } from '../parts/dialog.tsx';
import { Icon } from '../parts/icons.tsx';
import { Menu } from '../parts/menu.tsx';
import type { MenuItem } from '../parts/menu.tsx';
import { go } from '../route.ts';
import { remixFrom, restoreFrom } from '../state/draft.ts';
import { complain } from '../state/errors.ts';
import { deleteForever, fromTrash, toTrash, upsert } from '../state/jobs.ts';
import { startComparing } from '../state/library.ts';
import { creationIsOver } from '../state/session.ts';
import { toast } from '../state/toasts.ts';
import { bytes } from '../time.ts';
import type { Job } from '../types.ts';
import { FolderDialog } from './selection.tsx';

export function ClipActions({ job }: { job: Job }) {
  const said = words.value;
  const dialog = useSignal<'none' | 'share' | 'folder' | 'forever'>('none');
  const close = (): void => { dialog.value = 'none'; };
  const toLibrary = (): void => go({ view: 'library' });
  return (
    <div class="actions">
      {!creationIsOver.value && <Button look="primary" icon="remix" title={said.clip.remixHelp} onClick={() => remixFrom(job)}>{said.clip.remix}</Button>}
      {!creationIsOver.value && <Button icon="restore" onClick={() => restoreFrom(job)}>{said.clip.restore}</Button>}
      <DownloadMenu job={job} />
      <Button icon="share" aria-pressed={job.share_url !== null} onClick={() => { dialog.value = 'share'; }}>{said.clip.share}</Button>
      <Button icon="compare" onClick={() => { startComparing([job.id]); toLibrary(); }}>{said.clip.compare}</Button>
      <Button icon="folder" onClick={() => { dialog.value = 'folder'; }}>{job.folder || said.clip.folder}</Button>
      {job.trashed_ms === null ? (
        <Button look="quiet" icon="trash" onClick={() => { void toTrash([job.id]); toLibrary(); }}>{said.library.trashIt}</Button>
      ) : (
        <>
          <Button icon="restore" onClick={() => void fromTrash([job.id])}>{said.library.restore}</Button>
          <Button look="danger" icon="trash" onClick={() => { dialog.value = 'forever'; }}>{said.library.forever}</Button>
        </>
      )}
      {dialog.value === 'share' && <ShareDialog job={job} onClose={close} />}
      {dialog.value === 'folder' && <FolderDialog ids={[job.id]} onClose={close} />}
      {dialog.value === 'forever' && (
        <Confirm
          title={said.library.forever} question={said.library.foreverAsk(1)} yes={said.library.forever} onClose={close}
          onYes={async () => { await deleteForever([job.id]); toLibrary(); }}
        />
      )}
    </div>
  );
}

const roles = ['video', 'webm', 'gif', 'webp'] as const;

function DownloadMenu({ job }: { job: Job }) {
  const said = words.value.clip;
  const items = roles.map<MenuItem>((role) => {
    const file = job.files[role];
    if (!file?.url) return { label: said.formats[role], icon: 'download', detail: said.unavailable, disabled: true };
    return { label: said.formats[role], icon: 'download', detail: file.bytes ? bytes(file.bytes) : '', href: `${file.url}?download=1`, download: true };
  });
  const button = <><Icon name="download" /><span>{said.download}</span><Icon name="chevron" /></>;
  return <Menu label={said.download} look="button button-plain" button={button} items={items} align="start" />;
}

function ShareDialog({ job, onClose }: { job: Job; onClose: () => void }) {
  const said = words.value.clip;
  const busy = useSignal(false);
  const run = async (work: Promise<Job>, after: string | null): Promise<void> => {
    busy.value = true;
    try {
      upsert([await work]);
      if (after) toast(after);
    } catch (error) {
      complain(error);
    }
    busy.value = false;
  };
  return (
    <Dialog title={said.share} onClose={onClose}>
      <p>{said.shareHelp}</p>
      {job.share_url === null ? (
        <div class="dialog-foot">
          <Button look="primary" icon="share" disabled={busy.value} onClick={() => void run(api.share(job.id), null)}>{said.shareMake}</Button>
        </div>
      ) : (
        <>
          <CopyLine label={said.shareLink} text={new URL(job.share_url, location.href).href} />
          <div class="dialog-foot">
            <Button look="danger" disabled={busy.value} onClick={() => void run(api.unshare(job.id), said.shareRevoked)}>{said.shareRevoke}</Button>
          </div>
        </>
      )}
    </Dialog>
  );
}
