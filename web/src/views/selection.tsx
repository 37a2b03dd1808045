// What can be done with several clips at once.
import { useSignal } from '@preact/signals';
import { words } from '../i18n/index.ts';
import { Button, IconButton } from '../parts/controls.tsx';
import { Confirm, Dialog } from '../parts/dialog.tsx';
import { go } from '../route.ts';
import { deleteForever, fromTrash, jobs, patchJobs, toTrash } from '../state/jobs.ts';
import { comparing, filter, folders, loadFolders, selected, shown, stopSelecting } from '../state/library.ts';
import { toast } from '../state/toasts.ts';

/** Saves several files one after another; browsers drop clicks that come too fast. */
async function downloadAll(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const url = jobs.value.get(id)?.files.video?.url;
    if (!url) continue;
    const link = document.createElement('a');
    link.href = `${url}?download=1`;
    link.download = '';
    link.click();
    await new Promise((resolve) => setTimeout(resolve, 350));
  }
}

export function SelectionBar() {
  const said = words.value.library;
  const chosen = [...selected.value];
  const dialog = useSignal<'none' | 'folder' | 'forever'>('none');
  const isNone = chosen.length === 0;
  const then = (work: Promise<unknown>): void => void work.then(stopSelecting);
  const hint = comparing.value ? (chosen.length === 1 ? said.pickOne : said.pickTwo) : said.selected(chosen.length);
  return (
    <div class="selection" role="toolbar" aria-label={said.selected(chosen.length)}>
      <span class="selection-count" role="status">{hint}</span>
      {!comparing.value && (
        <div class="selection-buttons">
          <Button look="quiet" onClick={() => { selected.value = new Set(shown.value.map((job) => job.id)); }}>{said.selectAll}</Button>
          {filter.value.shelf === 'trash' ? (
            <>
              <Button look="quiet" icon="restore" disabled={isNone} onClick={() => then(fromTrash(chosen))}>{said.restore}</Button>
              <Button look="quiet" icon="trash" disabled={isNone} onClick={() => { dialog.value = 'forever'; }}>{said.forever}</Button>
            </>
          ) : (
            <>
              <Button look="quiet" icon="heart" disabled={isNone} onClick={() => then(patchJobs(chosen, { favourite: true }))}>{said.favourite}</Button>
              <Button look="quiet" icon="folder" disabled={isNone} onClick={() => { dialog.value = 'folder'; }}>{said.moveTo}</Button>
              <Button look="quiet" icon="download" disabled={isNone} onClick={() => void downloadAll(chosen)}>{said.download}</Button>
              <Button
                look="quiet" icon="compare" disabled={chosen.length !== 2} title={said.pickTwo}
                onClick={() => { stopSelecting(); go({ view: 'compare', left: chosen[0] ?? '', right: chosen[1] ?? '' }); }}
              >{said.compare}</Button>
              <Button look="quiet" icon="trash" disabled={isNone} onClick={() => then(toTrash(chosen))}>{said.trashIt}</Button>
            </>
          )}
        </div>
      )}
      <IconButton icon="close" label={words.value.library.stopSelect} onClick={stopSelecting} />
      {dialog.value === 'folder' && <FolderDialog ids={chosen} onClose={() => { dialog.value = 'none'; stopSelecting(); }} />}
      {dialog.value === 'forever' && (
        <Confirm
          title={said.forever} question={said.foreverAsk(chosen.length)} yes={said.forever}
          onYes={() => deleteForever(chosen)} onClose={() => { dialog.value = 'none'; stopSelecting(); }}
        />
      )}
    </div>
  );
}

export function FolderDialog({ ids, onClose }: { ids: readonly string[]; onClose: () => void }) {
  const said = words.value.library;
  const name = useSignal('');
  const move = async (folder: string): Promise<void> => {
    if (await patchJobs(ids, { folder })) toast(said.moved(ids.length, folder));
    void loadFolders();
    onClose();
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    if (name.value.trim()) void move(name.value.trim());
  };
  return (
    <Dialog title={said.moveTo} onClose={onClose}>
      <div class="folder-list">
        <Button look="quiet" icon="close" onClick={() => void move('')}>{said.noFolder}</Button>
        {folders.value.map((folder) => <Button key={folder} look="quiet" icon="folder" onClick={() => void move(folder)}>{folder}</Button>)}
      </div>
      <form class="inline-form" onSubmit={submit}>
        <label class="visually-hidden" for="folder-name">{said.folderName}</label>
        <input id="folder-name" maxLength={60} placeholder={said.newFolder} value={name.value} onInput={(event) => { name.value = event.currentTarget.value; }} />
        <Button look="primary" type="submit" disabled={name.value.trim() === ''}>{words.value.common.save}</Button>
      </form>
    </Dialog>
  );
}
