// Two clips side by side, in step, and what differs in how they were made.
import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { words } from '../i18n/index.ts';
import { useKeys } from '../keyboard.ts';
import { Button, IconButton, Segments } from '../parts/controls.tsx';
import { Icon } from '../parts/icons.tsx';
import { go, hrefOf } from '../route.ts';
import { differences, ratioOf } from '../settings.ts';
import { jobs, refreshJob } from '../state/jobs.ts';
import { reducedMotion } from '../state/prefs.ts';
import type { Job } from '../types.ts';
import { shownValue } from './made.tsx';
import { Heart } from './tile.tsx';

export function ComparePage({ left, right }: { left: string; right: string }) {
  const isMissing = useSignal(false);
  useEffect(() => {
    Promise.all([refreshJob(left), refreshJob(right)]).catch(() => { isMissing.value = true; });
  }, [left, right]);
  const a = jobs.value.get(left);
  const b = jobs.value.get(right);
  if (!a || !b) return <div class="page empty"><p>{isMissing.value ? words.value.clip.missing : words.value.common.loading}</p></div>;
  return <Pair left={a} right={b} />;
}

const closeEnough = 0.06; // seconds the two may be apart before the second is set right

type VideoRef = RefObject<HTMLVideoElement | null>;

/** Plays two videos as one. The left one leads; the right one follows its time. */
function useTogether(lead: VideoRef, follow: VideoRef) {
  const isPlaying = useSignal(!reducedMotion.value);
  const position = useSignal(0);
  const length = useSignal(0);
  const speed = useSignal(1);
  const each = (act: (video: HTMLVideoElement) => void): void => {
    for (const ref of [lead, follow]) if (ref.current) act(ref.current);
  };
  useEffect(() => {
    let frame = 0;
    const step = (): void => {
      const [first, second] = [lead.current, follow.current];
      if (first && second) {
        position.value = first.currentTime;
        length.value = Number.isFinite(first.duration) ? first.duration : 0;
        const target = Math.min(first.currentTime, (Number.isFinite(second.duration) ? second.duration : Infinity) - 0.01);
        if (!second.seeking && Math.abs(second.currentTime - target) > closeEnough) second.currentTime = Math.max(0, target);
      }
      frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }, []);
  useEffect(() => {
    each((video) => {
      video.playbackRate = speed.value;
      if (isPlaying.value) void video.play().catch(() => undefined);
      else video.pause();
    });
  }, [isPlaying.value, speed.value]);
  const seek = (time: number): void => {
    isPlaying.value = false;
    each((video) => { video.currentTime = time; });
  };
  return { isPlaying, position, length, speed, seek };
}

function Pair({ left, right }: { left: Job; right: Job }) {
  const said = words.value;
  const lead = useRef<HTMLVideoElement>(null);
  const follow = useRef<HTMLVideoElement>(null);
  const { isPlaying, position, length, speed, seek } = useTogether(lead, follow);
  const toggle = (): void => { isPlaying.value = !isPlaying.value; };
  useKeys({ ' ': toggle, Escape: () => history.back() });
  return (
    <div class="page page-compare">
      <header class="page-head">
        <h1>{said.compare.title}</h1>
        <Button look="quiet" icon="swap" onClick={() => go({ view: 'compare', left: right.id, right: left.id })}>{said.compare.swap}</Button>
      </header>
      <div class="pair">
        <Side job={left} name={said.compare.left} video={lead} />
        <Side job={right} name={said.compare.right} video={follow} />
      </div>
      <div class="transport">
        <IconButton icon={isPlaying.value ? 'pause' : 'play'} label={isPlaying.value ? said.clip.pause : said.clip.play} onClick={toggle} />
        <input
          type="range" min={0} max={length.value || 1} step={0.01} value={position.value} aria-label={said.compare.position}
          aria-valuetext={said.time.seconds(Math.round(position.value * 10) / 10)} onInput={(event) => seek(Number(event.currentTarget.value))}
        />
        <Segments
          label={said.compare.speed} name="speed" value={speed.value} onChoose={(value) => { speed.value = value; }}
          choices={[0.25, 0.5, 1].map((value) => ({ value, label: `${value}×` }))}
        />
      </div>
      <Differences left={left} right={right} />
    </div>
  );
}

function Side({ job, name, video }: { job: Job; name: string; video: VideoRef }) {
  return (
    <figure class="side">
      <video
        ref={video} class="player" style={{ aspectRatio: String(ratioOf(job.effective.size)), '--ratio': String(ratioOf(job.effective.size)) }} src={job.files.video?.url} poster={job.files.thumbnail?.url}
        muted loop playsInline preload="auto" aria-label={`${name}: ${job.prompt}`}
      />
      <figcaption>
        <a href={hrefOf({ view: 'clip', id: job.id })}>{job.title || job.prompt}</a>
        <Heart job={job} />
      </figcaption>
    </figure>
  );
}

function Differences({ left, right }: { left: Job; right: Job }) {
  const said = words.value;
  const rows = differences(left, right);
  return (
    <section class="differences">
      {rows.every((row) => !row.differs) && <p class="help">{said.compare.noDifference}</p>}
      <table class="table table-pair">
        <thead><tr><td /><th scope="col">{said.compare.left}</th><th scope="col">{said.compare.right}</th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name} class={row.differs ? 'is-changed' : undefined}>
              <th scope="row">{said.settings[row.name]}{row.differs && <span class="visually-hidden"> ({said.compare.differs})</span>}</th>
              <td>{shownValue(row.name, row.left)}</td>
              <td>{row.differs ? shownValue(row.name, row.right) : <span class="same"><Icon name="check" />{said.compare.same}</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
