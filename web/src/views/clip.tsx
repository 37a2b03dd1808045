// One clip at large: watching it, how it was made, where it comes from, and what to do with it.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { words, locale } from '../i18n/index.ts';
import { useKeys } from '../keyboard.ts';
import { IconButton } from '../parts/controls.tsx';
import { Icon } from '../parts/icons.tsx';
import { go, hrefOf } from '../route.ts';
import { ratioOf } from '../settings.ts';
import { remixFrom, restoreFrom } from '../state/draft.ts';
import { jobs, patchJobs, recentJobs, refreshJob, toTrash } from '../state/jobs.ts';
import { shown } from '../state/library.ts';
import { reducedMotion } from '../state/prefs.ts';
import { duration, moment } from '../time.ts';
import type { Job } from '../types.ts';
import { ClipActions } from './actions.tsx';
import { LineageView } from './lineage.tsx';
import { SettingsTable } from './made.tsx';
import { Heart, JobTile } from './tile.tsx';

export function ClipPage({ id }: { id: string }) {
  const missing = useSignal(false);
  const job = jobs.value.get(id);
  useEffect(() => {
    refreshJob(id).catch(() => { missing.value = true; });
  }, [id]);
  if (job) return <Clip job={job} />;
  return (
    <div class="page empty">
      <p>{missing.value ? words.value.clip.missing : words.value.common.loading}</p>
      {missing.value && <a class="button button-plain" href={hrefOf({ view: 'library' })}><span>{words.value.nav.library}</span></a>}
    </div>
  );
}

function neighbours(id: string): { newer: string | undefined; older: string | undefined } {
  const inLibrary = shown.value.some((job) => job.id === id);
  const list = (inLibrary ? shown.value : recentJobs.value.filter((job) => job.status === 'succeeded')).map((job) => job.id);
  const at = list.indexOf(id);
  return at < 0 ? { newer: undefined, older: undefined } : { newer: list[at - 1], older: list[at + 1] };
}

function visit(id: string | undefined): void {
  if (id !== undefined) go({ view: 'clip', id });
}

function Clip({ job }: { job: Job }) {
  const video = useRef<HTMLVideoElement>(null);
  const { newer, older } = neighbours(job.id);
  const toLibrary = (): void => go({ view: 'library' });
  const playOrPause = (): void => {
    if (video.current?.paused) void video.current.play();
    else video.current?.pause();
  };
  useKeys({
    ' ': playOrPause, ArrowLeft: () => visit(newer), ArrowRight: () => visit(older), Escape: toLibrary,
    f: () => void patchJobs([job.id], { favourite: !job.favourite }),
    r: () => restoreFrom(job), m: () => remixFrom(job),
    Delete: () => { void toTrash([job.id]); toLibrary(); },
  });
  return (
    <div class="page page-clip">
      <div class="clip-nav">
        <a class="button button-quiet" href={hrefOf({ view: 'library' })}><Icon name="left" /><span>{words.value.nav.library}</span></a>
        <span class="spacer" />
        <IconButton icon="left" label={words.value.clip.previous} disabled={newer === undefined} onClick={() => visit(newer)} />
        <IconButton icon="right" label={words.value.clip.next} disabled={older === undefined} onClick={() => visit(older)} />
      </div>
      <div class="clip-columns">
        <div class="clip-stage">
          {job.status === 'succeeded' ? (
            <video
              ref={video} class="player" style={{ aspectRatio: String(ratioOf(job.effective.size)), '--ratio': String(ratioOf(job.effective.size)) }} src={job.files.video?.url} poster={job.files.thumbnail?.url}
              controls loop muted playsInline autoplay={!reducedMotion.value} aria-label={job.title || job.prompt}
            />
          ) : <JobTile job={job} />}
        </div>
        <ClipSide job={job} />
      </div>
      <LineageView job={job} />
    </div>
  );
}

function ClipSide({ job }: { job: Job }) {
  const said = words.value;
  const span = job.started_ms && job.finished_ms ? said.clip.took(duration((job.finished_ms - job.started_ms) / 1000, said.time)) : '';
  return (
    <div class="clip-side">
      <Title job={job} />
      <h1 class="clip-prompt">{job.prompt}</h1>
      <p class="help">
        {said.clip.madeOn(moment(job.finished_ms ?? job.created_ms, locale.value))} {span}
        {job.owner && job.owner.name !== 'local' && <> {said.clip.by(job.owner.name)}</>}
      </p>
      {job.status === 'succeeded' && <ClipActions job={job} />}
      {job.warnings.length > 0 && (
        <div class="notes">
          <h2 class="label">{said.jobs.warnings}</h2>
          <ul>{job.warnings.map((warning) => <li key={warning}>{warning.replace(/^\[[\w. -]+\]\s*/, '')}</li>)}</ul>
        </div>
      )}
      <SettingsTable job={job} />
    </div>
  );
}

function Title({ job }: { job: Job }) {
  const said = words.value.clip;
  const text = useSignal(job.title); // of its own: news about jobs must not undo what is being typed
  useEffect(() => { text.value = job.title; }, [job.title]);
  const save = (): void => {
    if (text.value.trim() !== job.title) void patchJobs([job.id], { title: text.value.trim() });
  };
  return (
    <div class="clip-title">
      <input
        aria-label={said.title} placeholder={said.untitled} value={text.value} maxLength={60}
        onInput={(event) => { text.value = event.currentTarget.value; }} onBlur={save}
        onKeyDown={(event) => { if (event.key === 'Enter') event.currentTarget.blur(); }}
      />
      <Heart job={job} />
    </div>
  );
}
