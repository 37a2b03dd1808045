// Everything beside the prompt: shape, length, how many, seed, and the fine tuning that stays folded.
import { useSignal } from '@preact/signals';
import { words } from '../i18n/index.ts';
import { Field, IconButton, Segments } from '../parts/controls.tsx';
import { Frame, Icon } from '../parts/icons.tsx';
import { drawSeed, lengthNear, ratioOf, seedLimit, shapeOf } from '../settings.ts';
import { change, chosenModel, draft, maxCount, plan } from '../state/draft.ts';
import { videoModels } from '../state/catalogue.ts';
import type { Model } from '../types.ts';

const fineTuning = ['steps', 'guidance', 'sampler', 'negative'];

export function Options() {
  const model = chosenModel.value;
  if (!model) return null;
  return (
    <>
      <div class="options">
        {videoModels.value.length > 1 && <ModelChoice model={model} />}
        <ShapeChoice model={model} />
        <CountChoice />
        <LengthChoice model={model} />
        {model.takes.includes('seed') && <SeedChoice />}
      </div>
      {fineTuning.some((setting) => model.takes.includes(setting)) && <Advanced model={model} />}
    </>
  );
}

function ModelChoice({ model }: { model: Model }) {
  const said = words.value.settings;
  return (
    <Field id="model" label={said.model}>
      <select id="model" value={model.id} onChange={(event) => change({ model: event.currentTarget.value, size: null, sampler: null })}>
        {[...new Set(videoModels.value.map(({ provider }) => provider))].map((provider) => (
          <optgroup key={provider} label={provider ?? said.ownModels}>
            {videoModels.value.filter((one) => one.provider === provider).map(({ id, ready }) => (
              <option key={id} value={id} disabled={!ready}>{ready ? id : said.notReady(id)}</option>
            ))}
          </optgroup>
        ))}
      </select>
    </Field>
  );
}

function ShapeChoice({ model }: { model: Model }) {
  const said = words.value.settings;
  const choices = model.sizes.map((size) => ({
    value: size, hint: size, label: <><Frame ratio={ratioOf(size)} /><span class="segment-word">{said.shape[shapeOf(size)]}</span></>,
  }));
  return <Segments label={said.size} name="size" value={plan.value?.size ?? ''} choices={choices} onChoose={(size) => change({ size })} />;
}

function CountChoice() {
  const choices = [1, 2, 4, maxCount].map((value) => ({ value, label: String(value) }));
  return <Segments label={words.value.settings.count} name="count" value={draft.value.count} choices={choices} onChoose={(count) => change({ count })} />;
}

const fewLengths = 6; // side by side; more of them are a slider

function LengthChoice({ model }: { model: Model }) {
  const said = words.value.settings;
  const now = plan.value;
  if (!now) return null;
  const choose = (seconds: number): void => change({ seconds: seconds === model.seconds ? null : seconds });
  if (model.lengths && model.lengths.length <= fewLengths) {
    const choices = model.lengths.map((value) => ({ value, label: words.value.time.seconds(value) }));
    return <Segments label={said.seconds} name="seconds" value={now.seconds} choices={choices} onChoose={choose} />;
  }
  const longest = Math.max(model.seconds, model.max_seconds);
  const span = words.value.time.seconds(Math.round(now.seconds * 10) / 10);
  const isLonger = now.seconds > model.seconds && model.lengths === null;
  return (
    <div class="field field-length">
      <label class="label" for="seconds">{said.seconds} <output for="seconds">{span}</output></label>
      <input
        id="seconds" type="range" min={0.5} max={longest} step={0.5} value={now.seconds} aria-valuetext={span} aria-describedby="seconds-help"
        onInput={(event) => choose(lengthNear(Number(event.currentTarget.value), model))}
      />
      <p class="help" id="seconds-help">{isLonger ? said.longer : said.frameCount(now.frames, now.fps)}</p>
    </div>
  );
}

function SeedChoice() {
  const said = words.value.settings;
  const seed = draft.value.seed;
  const read = (text: string): void => {
    const digits = text.replace(/\D/g, '').slice(0, 10);
    change({ seed: digits === '' ? null : Math.min(seedLimit - 1, Number(digits)) });
  };
  return (
    <Field id="seed" label={said.seed}>
      <div class="seed">
        <input
          id="seed" inputMode="numeric" autocomplete="off" value={seed ?? ''} placeholder={said.seedRandom} title={said.seedHelp}
          onInput={(event) => read(event.currentTarget.value)}
        />
        <IconButton icon="dice" label={said.seedDice} onClick={() => change({ seed: drawSeed() })} />
        <IconButton
          icon={seed === null ? 'unlocked' : 'locked'} label={seed === null ? said.seedLock : said.seedUnlock} aria-pressed={seed !== null}
          onClick={() => change({ seed: seed === null ? drawSeed() : null })}
        />
      </div>
    </Field>
  );
}

function Advanced({ model }: { model: Model }) {
  const said = words.value.settings;
  const { negative, steps, guidance, sampler } = draft.value;
  const changed = [negative !== '', steps !== null, guidance !== null, sampler !== null].filter(Boolean).length;
  const isOpen = useSignal(false);
  return (
    <div class="advanced">
      <button type="button" class="fold" aria-expanded={isOpen.value} aria-controls="advanced" onClick={() => { isOpen.value = !isOpen.value; }}>
        <Icon name="sliders" /><span>{said.advanced}</span>{changed > 0 && <span class="fold-count">{changed}</span>}<Icon name="chevron" />
      </button>
      {isOpen.value && <AdvancedFields model={model} />}
    </div>
  );
}

function AdvancedFields({ model }: { model: Model }) {
  const said = words.value.settings;
  const { negative, sampler } = draft.value;
  return (
    <div class="advanced-fields" id="advanced">
      {model.takes.includes('steps') && <NumberField id="steps" label={said.steps} help={said.stepsHelp} own={model.steps} min={1} max={200} step={1} />}
      {model.takes.includes('guidance') && <NumberField id="guidance" label={said.guidance} help={said.guidanceHelp} own={model.guidance} min={1} max={30} step={0.5} />}
      {model.sampler !== null && (
        <Field id="sampler" label={said.sampler} help={said.own(model.sampler)}>
          <select id="sampler" value={sampler ?? model.sampler} onChange={(event) => change({ sampler: event.currentTarget.value === model.sampler ? null : event.currentTarget.value })}>
            {model.samplers.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </Field>
      )}
      {model.takes.includes('negative') && (
        <div class="advanced-wide">
          <Field id="negative" label={said.negative} help={said.negativeHelp}>
            <input id="negative" value={negative} maxLength={4000} onInput={(event) => change({ negative: event.currentTarget.value })} />
          </Field>
        </div>
      )}
    </div>
  );
}

interface NumberFieldProps {
  id: 'steps' | 'guidance';
  label: string;
  help: string;
  own: number | null;
  min: number;
  max: number;
  step: number;
}

function NumberField({ id, label, help, own, min, max, step }: NumberFieldProps) {
  const value = draft.value[id];
  const read = (text: string): void => {
    const number = Number(text);
    change({ [id]: text === '' || Number.isNaN(number) || number === own ? null : Math.min(max, Math.max(min, number)) });
  };
  return (
    <Field id={id} label={label} help={help}>
      <div class="with-reset">
        <input id={id} type="number" min={min} max={max} step={step} value={value ?? own ?? ''} onChange={(event) => read(event.currentTarget.value)} />
        {value !== null && <IconButton icon="restore" label={words.value.settings.reset} onClick={() => change({ [id]: null })} />}
      </div>
    </Field>
  );
}
