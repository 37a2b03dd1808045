// The prompt helper: chips that make a sentence of the cartoon world, and sentences to begin with.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { words } from '../i18n/index.ts';
import { Button } from '../parts/controls.tsx';
import { Icon } from '../parts/icons.tsx';
import { compose, choose, exampleScenes, fits, kindOf, surprise } from '../prompt.ts';
import type { SceneField } from '../prompt.ts';
import { chosenModel, scene, writeScene } from '../state/draft.ts';
import { world } from '../state/catalogue.ts';
import { recentJobs, recentLoaded } from '../state/jobs.ts';
import { language } from '../state/prefs.ts';
import { recall, remember } from '../state/stored.ts';
import type { World } from '../types.ts';

function knownWorld(): World | null {
  return chosenModel.value?.world ? world.value : null;
}

export function Surprise() {
  const known = knownWorld();
  if (!known) return null;
  return <Button look="quiet" icon="dice" onClick={() => writeScene(surprise(known))}>{words.value.make.surprise}</Button>;
}

/** For who has never made a clip. */
export function Examples() {
  const known = knownWorld();
  if (!known || !recentLoaded.value || recentJobs.value.length > 0) return null;
  return (
    <div class="examples" role="group" aria-label={words.value.make.tries}>
      <span class="label" aria-hidden="true">{words.value.make.tries}</span>
      {exampleScenes.map((example) => {
        const sentence = compose(example, language.value, known[language.value]);
        return <button key={sentence} type="button" class="example" onClick={() => writeScene(example)}>{sentence}</button>;
      })}
    </div>
  );
}

export function SceneHelper() {
  const known = knownWorld();
  const wanted = useSignal<boolean | null>(recall<boolean | null>('helper', null, (value) => typeof value === 'boolean'));
  if (!known) return null;
  const said = words.value.make;
  const isOpen = wanted.value ?? (recentLoaded.value && recentJobs.value.length === 0);
  const toggle = (): void => {
    wanted.value = !isOpen;
    remember('helper', wanted.value);
  };
  return (
    <div class="helper">
      <button type="button" class="fold" aria-expanded={isOpen} aria-controls="scene-helper" onClick={toggle}>
        <Icon name="sparkle" /><span>{isOpen ? said.helperHide : said.helper}</span><Icon name="chevron" />
      </button>
      {isOpen && <Chips known={known} />}
    </div>
  );
}

const fields: SceneField[] = ['color', 'subject', 'action', 'place', 'time', 'weather'];

function Chips({ known }: { known: World }) {
  return (
    <div class="chips" id="scene-helper">
      {fields.map((field) => <ChipRow key={field} field={field} known={known} />)}
    </div>
  );
}

function ChipRow({ field, known }: { field: SceneField; known: World }) {
  const said = words.value.scene;
  const now = scene.value;
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => { // on a narrow screen the row scrolls: bring the chosen chip into sight
    const chip = list.current?.querySelector<HTMLElement>('[aria-pressed=true]');
    if (chip && list.current) list.current.scrollLeft = chip.offsetLeft - list.current.offsetLeft - list.current.clientWidth / 3;
  }, [now[field]]);
  return (
    <div class="chip-row" role="group" aria-labelledby={`chips-${field}`}>
      <span class="label" id={`chips-${field}`}>{said[field]}</span>
      <div class="chip-list" ref={list}>
        {known[language.value][kindOf[field]].map(([value, word]) => {
          const isFitting = fits(now, field, value, known.fits);
          return (
            <button
              key={value} type="button" class={isFitting ? 'chip' : 'chip chip-unlikely'} aria-pressed={now[field] === value}
              title={isFitting ? undefined : said.unlikely} onClick={() => writeScene(choose(now, field, value, known))}
            >
              {field === 'color' && <span class={`swatch swatch-${value}`} />}
              {word}
            </button>
          );
        })}
      </div>
    </div>
  );
}
