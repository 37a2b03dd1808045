// The studio itself: one prompt box, one button, and what is being made.
import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { words } from '../i18n/index.ts';
import { commandKey } from '../keyboard.ts';
import { Button, IconButton } from '../parts/controls.tsx';
import { Landscape } from '../parts/landscape.tsx';
import { hrefOf } from '../route.ts';
import { change, draft, expected, focusPrompt, obstacle, sceneSentence, send, sending } from '../state/draft.ts';
import { jobs, recentJobs, recentLoaded } from '../state/jobs.ts';
import { clipsLeft, session } from '../state/session.ts';
import { duration } from '../time.ts';
import { OpenFile } from './drop.tsx';
import { Feed } from './feed.tsx';
import { Options } from './options.tsx';
import { OriginNote } from './origin.tsx';
import { Examples, SceneHelper, Surprise } from './scene.tsx';

export function MakePage() {
  const said = words.value.make;
  const isFirstVisit = recentLoaded.value && recentJobs.value.length === 0;
  return (
    <>
      <section class="stage">
        <Landscape />
        <div class="stage-words">
          <h1>{isFirstVisit || !recentLoaded.value ? said.title : said.titleAgain}</h1>
          <p class="lead">{said.lead}</p>
        </div>
      </section>
      <div class="page page-make">
        <Composer />
        <div class="composer-foot"><OpenFile /></div>
        <Feed />
      </div>
    </>
  );
}

function Composer() {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (!event.repeat) void send();
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    void send();
  };
  return (
    <form class="composer" onSubmit={submit} onKeyDown={onKeyDown}>
      <RemixNote />
      <OriginNote />
      <div class="prompt">
        <PromptBox />
        <div class="prompt-foot">
          <Surprise />
          <span class="spacer" />
          <span class="send-hint" aria-hidden="true">{words.value.make.hint(commandKey)}</span>
          <SendButton />
        </div>
      </div>
      <Notes />
      <Examples />
      <SceneHelper />
      <Options />
    </form>
  );
}

function RemixNote() {
  const parent = draft.value.parent;
  if (!parent) return null;
  const job = jobs.value.get(parent);
  return (
    <p class="remix-note">
      <span>{words.value.make.remixing} </span>
      <a href={hrefOf({ view: 'clip', id: parent })}>{job?.title || job?.prompt || parent}</a>
      <IconButton icon="close" label={words.value.make.stopRemix} onClick={() => change({ parent: null })} />
    </p>
  );
}

function PromptBox() {
  const said = words.value.make;
  const box = useRef<HTMLTextAreaElement>(null);
  const text = draft.value.prompt;
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);
  useSignalEffect(() => {
    if (focusPrompt.value === 0) return;
    focusPrompt.value = 0;
    setTimeout(() => box.current?.focus(), 30);
  });
  return (
    <>
      <label class="visually-hidden" for="prompt">{said.prompt}</label>
      <textarea
        id="prompt" ref={box} rows={2} maxLength={4000} value={text} placeholder={sceneSentence.value ?? said.placeholder} enterkeyhint="send"
        onInput={(event) => change({ prompt: event.currentTarget.value })}
      />
      {text !== '' && <IconButton icon="close" label={said.clear} onClick={() => { change({ prompt: '' }); box.current?.focus(); }} />}
    </>
  );
}

function SendButton() {
  const said = words.value.make;
  const count = draft.value.count;
  const label = sending.value ? said.going : count > 1 ? said.goMany(count) : said.go;
  const isIdle = obstacle.value === null && !sending.value;
  return <Button look="primary" type="submit" icon="brush" disabled={!isIdle}>{label}</Button>;
}

/** What pressing the button costs: clips of today, time; or why it would not help. */
function Notes() {
  const said = words.value.make;
  const stop = obstacle.value;
  const left = clipsLeft.value;
  const seconds = expected.value;
  return (
    <p class="send-notes" role="status">
      {stop !== null && <span class="send-stop">{stop}</span>}
      {stop === null && left !== null && <span>{said.left(left, session.value?.quota?.clips_per_day ?? 0)}</span>}
      {stop === null && seconds !== null && <span>{said.expect(duration(seconds, words.value.time))}</span>}
    </p>
  );
}
