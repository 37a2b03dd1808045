// One job as a picture: waiting, being painted, finished, or what went wrong.
import { words } from '../i18n/index.ts';
import type { Dictionary } from '../i18n/en.ts';
import { Button, IconButton, ProgressBar } from '../parts/controls.tsx';
import { Icon } from '../parts/icons.tsx';
import { MovingPicture } from '../parts/moving.tsx';
import { hrefOf } from '../route.ts';
import { ratioOf } from '../settings.ts';
import { cancelJob, patchJobs, retryJob, toTrash } from '../state/jobs.ts';
import { reasonOf } from '../state/errors.ts';
import { duration } from '../time.ts';
import type { Job, Progress } from '../types.ts';

export function JobTile({ job }: { job: Job }) {
  const ratio = ratioOf(job.effective.size ?? job.requested.size);
  return (
    <div class={`tile tile-${job.status}`} style={{ aspectRatio: String(ratio) }}>
      <Content job={job} />
    </div>
  );
}

function Content({ job }: { job: Job }) {
  switch (job.status) {
    case 'queued': return <Waiting job={job} />;
    case 'running': return <Painting job={job} />;
    case 'succeeded': return <Finished job={job} />;
    default: return <Ended job={job} />;
  }
}

function Waiting({ job }: { job: Job }) {
  const said = words.value.jobs;
  const place = job.queue_position;
  return (
    <div class="tile-paper">
      <Icon name="brush" />
      <strong>{place === null ? said.waiting : place === 0 ? said.next : said.ahead(place)}</strong>
      {job.attempts > 1 && <span class="tile-small">{said.attempt(job.attempts)}</span>}
      <Button look="quiet" onClick={() => void cancelJob(job.id)}>{said.cancel}</Button>
    </div>
  );
}

/** The server's word for what it is doing, said as ours. */
function phaseName(phase: string, said: Dictionary['jobs']): string {
  const known: Record<string, string> = said.phase;
  return known[phase] ?? phase.replaceAll('_', ' ');
}

function stepText(progress: Progress, said: Dictionary['jobs']): string {
  return progress.total > 1 ? said.step(progress.done, progress.total) : '';
}

function Painting({ job }: { job: Job }) {
  const said = words.value.jobs;
  const progress = job.progress;
  const left = progress?.seconds_left ?? null;
  return (
    <div class="tile-painting">
      <div class="tile-blank" />
      {progress?.preview && (
        <img
          class="tile-preview" src={progress.preview} alt=""
          onLoad={(event) => { event.currentTarget.hidden = false; }} onError={(event) => { event.currentTarget.hidden = true; }}
        />
      )}
      <IconButton icon="close" label={said.cancel} disabled={job.cancel_requested} onClick={() => void cancelJob(job.id)} />
      <div class="tile-caption">
        <div class="tile-line">
          <strong>{job.cancel_requested ? said.cancelling : progress?.phase ? phaseName(progress.phase, said) : said.starting}</strong>
          <span>{progress && stepText(progress, said)}</span>
        </div>
        <ProgressBar label={said.progress} fraction={progress?.fraction ?? null} />
        <div class="tile-line tile-small">
          <span>{left !== null && said.left(duration(left, words.value.time))}</span>
          <span>{job.attempts > 1 && said.attempt(job.attempts)}</span>
        </div>
      </div>
    </div>
  );
}

function Finished({ job }: { job: Job }) {
  const said = words.value;
  return (
    <>
      <a class="tile-open" href={hrefOf({ view: 'clip', id: job.id })} aria-label={said.jobs.open(job.title || job.prompt)}><MovingPicture job={job} /></a>
      <div class="tile-corner"><Heart job={job} /></div>
    </>
  );
}

export function Heart({ job }: { job: Job }) {
  const said = words.value.library;
  return (
    <IconButton
      icon="heart" iconFilled={job.favourite} aria-pressed={job.favourite} label={job.favourite ? said.unfavourite : said.favourite}
      onClick={() => void patchJobs([job.id], { favourite: !job.favourite })}
    />
  );
}

function Ended({ job }: { job: Job }) {
  const said = words.value.jobs;
  const { text, detail, isSpoken } = reasonOf(job);
  const isCancelled = job.status === 'cancelled';
  return (
    <div class="tile-paper">
      <Icon name={isCancelled ? 'close' : 'alert'} />
      <strong>{isCancelled ? said.cancelled : said.failed}</strong>
      <span class="tile-small" title={detail || undefined}>{text}</span>
      {isSpoken && <span class="tile-small tile-reason">{detail}</span>}
      <div class="tile-buttons">
        <Button look="quiet" onClick={() => void retryJob(job.id)}>{said.retry}</Button>
        <Button look="quiet" onClick={() => void toTrash([job.id])}>{said.dismiss}</Button>
      </div>
    </div>
  );
}
