// A clip in a list: plays without sound, over and over, while it is in sight and movement is welcome.
import { useEffect, useRef } from 'preact/hooks';
import { reducedMotion } from '../state/prefs.ts';
import type { Job } from '../types.ts';

const inSight = new WeakMap<Element, (isSeen: boolean) => void>();
let watcher: IntersectionObserver | null = null;

function watch(element: Element, tell: (isSeen: boolean) => void): () => void {
  watcher ??= new IntersectionObserver((entries) => {
    for (const entry of entries) inSight.get(entry.target)?.(entry.isIntersecting);
  }, { rootMargin: '40px', threshold: 0.2 });
  inSight.set(element, tell);
  watcher.observe(element);
  return () => {
    watcher?.unobserve(element);
    inSight.delete(element);
  };
}

export function MovingPicture({ job }: { job: Job }) {
  const element = useRef<HTMLVideoElement>(null);
  const still = reducedMotion.value;
  useEffect(() => {
    const video = element.current;
    if (!video || still) return undefined;
    return watch(video, (isSeen) => {
      if (isSeen) void video.play().catch(() => undefined);
      else video.pause();
    });
  }, [still, job.id]);
  return (
    <video
      ref={element} class="moving" src={job.files.video?.url} poster={job.files.thumbnail?.url}
      muted loop playsInline preload="none" disablePictureInPicture tabIndex={-1} aria-hidden="true"
    />
  );
}
