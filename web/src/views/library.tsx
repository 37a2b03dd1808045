// All clips: search, shelves, folders, choosing several, and a quilt of moving pictures.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { words } from '../i18n/index.ts';
import { useKeys } from '../keyboard.ts';
import { Button } from '../parts/controls.tsx';
import { Icon } from '../parts/icons.tsx';
import type { IconName } from '../parts/icons.tsx';
import { MovingPicture } from '../parts/moving.tsx';
import { go, hrefOf } from '../route.ts';
import { shapeOf } from '../settings.ts';
import {
  comparing, filter, folders, hasMore, ids, loadFolders, loadMore, loading, openShelf, selected, selecting, shown, stopSelecting, toggleSelected,
} from '../state/library.ts';
import type { Filter } from '../state/library.ts';
import { session } from '../state/session.ts';
import { bytes } from '../time.ts';
import type { Job } from '../types.ts';
import { SelectionBar } from './selection.tsx';
import { Heart } from './tile.tsx';

export function LibraryPage() {
  const said = words.value.library;
  useEffect(() => {
    if (ids.value.length === 0) void openShelf();
    void loadFolders();
  }, []);
  useKeys({ Escape: stopSelecting });
  const usage = session.value?.usage;
  return (
    <div class="page page-library">
      <header class="page-head">
        <h1>{said.title}</h1>
        {usage && usage.jobs > 0 && <p class="help">{said.stored(bytes(usage.bytes), usage.jobs)}</p>}
      </header>
      <Tools />
      <Quilt />
      {selecting.value && <SelectionBar />}
    </div>
  );
}

function Tools() {
  const said = words.value.library;
  const now = filter.value;
  const startOrStop = (): void => {
    if (selecting.value) stopSelecting();
    else selecting.value = true;
  };
  return (
    <div class="tools">
      <Search />
      <div class="shelves" role="group" aria-label={said.title}>
        <Shelf shelf="all" icon="film" label={said.all} />
        <Shelf shelf="favourites" icon="heart" label={said.favourites} />
        <Shelf shelf="trash" icon="trash" label={said.trash} />
      </div>
      {folders.value.length > 0 && (
        <select class="tools-folder" aria-label={said.folders} value={now.folder} onChange={(event) => void openShelf({ folder: event.currentTarget.value })}>
          <option value="">{said.folders}: {said.all}</option>
          {folders.value.map((folder) => <option key={folder} value={folder}>{folder}</option>)}
        </select>
      )}
      <Button look="quiet" icon="tick" aria-pressed={selecting.value} onClick={startOrStop}>{selecting.value ? said.stopSelect : said.select}</Button>
    </div>
  );
}

function Search() {
  const said = words.value.library;
  const text = useSignal(filter.value.text);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const search = (typed: string): void => {
    text.value = typed;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void openShelf({ text: typed }), 250);
  };
  return (
    <div class="search">
      <Icon name="search" />
      <input
        id="library-search" type="search" aria-label={said.search} placeholder={said.search} value={text.value}
        onInput={(event) => search(event.currentTarget.value)}
      />
    </div>
  );
}

function Shelf({ shelf, icon, label }: { shelf: Filter['shelf']; icon: IconName; label: string }) {
  return (
    <button type="button" class="shelf" aria-pressed={filter.value.shelf === shelf} onClick={() => { stopSelecting(); void openShelf({ shelf }); }}>
      <Icon name={icon} /><span>{label}</span>
    </button>
  );
}

function Quilt() {
  const said = words.value.library;
  const clips = shown.value;
  if (clips.length === 0 && !loading.value && !hasMore.value) return <Empty />;
  return (
    <>
      <ul class="quilt">{clips.map((job) => <Patch key={job.id} job={job} />)}</ul>
      <More />
      {!hasMore.value && clips.length > 12 && <p class="help quilt-end">{said.end}</p>}
    </>
  );
}

/** Loads the next page when it comes near the window; a button for those who walk by keyboard. */
function More() {
  const foot = useRef<HTMLDivElement>(null);
  const count = ids.value.length;
  useEffect(() => {
    if (!foot.current || !hasMore.value) return undefined;
    const watcher = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) void loadMore();
    }, { rootMargin: '600px' });
    watcher.observe(foot.current);
    return () => watcher.disconnect();
  }, [hasMore.value, count]);
  return (
    <div class="quilt-more" ref={foot}>
      {loading.value ? <span class="help">{words.value.common.loading}</span> : hasMore.value && count > 0 && (
        <Button look="quiet" onClick={() => void loadMore()}>{words.value.library.loadMore}</Button>
      )}
    </div>
  );
}

function Empty() {
  const said = words.value.library;
  const { shelf, text, folder } = filter.value;
  const isPlain = shelf === 'all' && text === '' && folder === '';
  const sentence = text !== '' ? said.emptySearch : shelf === 'favourites' ? said.emptyFavourites : shelf === 'trash' ? said.emptyTrash : said.empty;
  return (
    <div class="empty">
      <Icon name={shelf === 'trash' ? 'trash' : shelf === 'favourites' ? 'heart' : 'film'} />
      <p>{sentence}</p>
      {isPlain && <a class="button button-primary" href={hrefOf({ view: 'make' })}><span>{said.makeOne}</span></a>}
    </div>
  );
}

function Patch({ job }: { job: Job }) {
  const said = words.value;
  const size = job.effective.size ?? job.requested.size;
  const isChosen = selected.value.has(job.id);
  const name = job.title || job.prompt;
  const hasPicture = job.status === 'succeeded';
  const picture = hasPicture
    ? <MovingPicture job={job} />
    : <span class="tile-paper"><Icon name="alert" /><span class="tile-small">{said.jobs[job.status === 'cancelled' ? 'cancelled' : 'failed']}</span></span>;
  const choose = (): void => {
    toggleSelected(job.id);
    const both = [...selected.value];
    if (!comparing.value || both.length !== 2) return;
    stopSelecting();
    go({ view: 'compare', left: both[0] ?? '', right: both[1] ?? '' });
  };
  return (
    <li class={`patch patch-${shapeOf(size)}`}>
      {selecting.value ? (
        <button type="button" class="patch-face" role="checkbox" aria-checked={isChosen} aria-label={said.library.pick(name)} onClick={choose}>
          {picture}<span class="patch-check"><Icon name={isChosen ? 'tick' : 'ring'} /></span>
        </button>
      ) : (
        <>
          <a class="patch-face" href={hrefOf({ view: 'clip', id: job.id })} aria-label={said.jobs.open(name)}>
            {picture}<span class="patch-name" aria-hidden="true">{name}</span>
          </a>
          <div class="tile-corner"><Heart job={job} /></div>
        </>
      )}
    </li>
  );
}
