// The composer: what is written and chosen, kept across reloads, and sent.
import { computed, effect, signal } from '@preact/signals';
import { ApiError, api } from '../api.ts';
import { words } from '../i18n/index.ts';
import { compose, firstScene } from '../prompt.ts';
import type { Scene } from '../prompt.ts';
import { route, go } from '../route.ts';
import { clampTo, draftOf, emptyDraft, expectedSeconds, requestOf, settingsOf } from '../settings.ts';
import type { Draft } from '../settings.ts';
import type { Job, Model, Recipe } from '../types.ts';
import { loadCatalogue, modelCalled, models, world } from './catalogue.ts';
import { complain } from './errors.ts';
import { jobs, upsert } from './jobs.ts';
import { language } from './prefs.ts';
import { clipsLeft, creationIsOver, refreshSessionSoon, session } from './session.ts';
import { recall, remember } from './stored.ts';
import { toast } from './toasts.ts';

export const maxCount = 8;

function isDraft(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as Draft).prompt === 'string';
}

export const draft = signal<Draft>({ ...emptyDraft, ...recall<Draft>('draft', emptyDraft, isDraft) });
export const scene = signal<Scene>(firstScene);
export const sending = signal(false);
export const sentCount = signal(0); // requests taken that the feed has not shown yet
export const focusPrompt = signal(0); // above 0: the prompt box should take the focus

let composed = ''; // the sentence that the helper wrote last: it may be replaced without asking

export function watchDraft(): void {
  effect(() => remember('draft', draft.value));
  effect(() => {
    const known = world.value?.[language.value];
    if (known && composed !== '' && draft.peek().prompt === composed) writeScene(scene.peek());
  });
}

export function change(part: Partial<Draft>): void {
  draft.value = { ...draft.value, ...part };
}

export const chosenModel = computed<Model | null>(() => modelCalled(draft.value.model));

/** The helper's scene as a sentence; null where the model knows no such world. */
export const sceneSentence = computed<string | null>(() => {
  const known = chosenModel.value?.world ? world.value?.[language.value] : undefined;
  return known ? compose(scene.value, language.value, known) : null;
});

export const plan = computed(() => {
  const model = chosenModel.value;
  if (!model) return null;
  const now = draft.value;
  const seconds = now.seconds ?? model.seconds;
  const fps = now.fps ?? model.fps;
  return {
    model, fps, seconds,
    size: now.size ?? model.sizes[0] ?? '',
    frames: now.seconds === null && now.fps === null ? model.frames : Math.max(1, Math.round(seconds * fps)),
    steps: now.steps ?? model.steps ?? 0,
    guidance: now.guidance ?? model.guidance,
    sampler: now.sampler ?? model.sampler,
  };
});

export const expected = computed<number | null>(() => {
  const now = plan.value;
  return now ? expectedSeconds([...jobs.value.values()], now.model.id, now) : null;
});

/** Why the button would not help; null: press it. */
export const obstacle = computed<string | null>(() => {
  const said = words.value.make;
  const left = clipsLeft.value;
  const usage = session.value?.usage;
  const quota = session.value?.quota;
  if (creationIsOver.value) return said.closed;
  if (models.value.length > 0 && !chosenModel.value?.ready) return chosenModel.value?.problem ?? said.noModel;
  if (left === 0) return said.noneLeft;
  if (left !== null && draft.value.count > left) return said.tooMany(left);
  if (usage && quota && quota.max_queued > 0 && usage.queued + draft.value.count > quota.max_queued) return said.queueFull;
  return null;
});

const restAfterSending_ms = 600; // a double press is one press
let attempt: { body: string; key: string } | null = null;

// crypto.randomUUID exists only on https and localhost.
function freshKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Sends the draft. After a lost answer, the same press again is the same request: nothing is made twice. */
export async function send(): Promise<void> {
  if (sending.value || obstacle.value !== null) return;
  if (draft.value.prompt.trim() === '') {
    if (sceneSentence.value === null) await loadCatalogue().catch(() => undefined); // pressed before the words came
    if (sending.value) return;
    if (sceneSentence.value === null) {
      focusPrompt.value += 1;
      return;
    }
    writeScene(scene.value); // the empty box shows this sentence: one press makes it
  }
  const request = requestOf(draft.value);
  const body = JSON.stringify(request);
  if (attempt?.body !== body) attempt = { body, key: freshKey() };
  sending.value = true;
  try {
    upsert(await api.create(request, attempt.key));
    attempt = null;
    sentCount.value += 1;
    toast(words.value.make.sent(draft.value.count));
    refreshSessionSoon();
  } catch (error) {
    if (error instanceof ApiError && error.status > 0) attempt = null;
    complain(error);
  } finally {
    setTimeout(() => { sending.value = false; }, restAfterSending_ms);
  }
}

/** Writes the helper's sentence. Words typed by hand come back with "undo". */
export function writeScene(next: Scene): void {
  scene.value = next;
  const known = world.peek();
  if (!known) return;
  const before = draft.peek().prompt;
  const isOurs = before.trim() === '' || before === composed;
  composed = compose(next, language.value, known[language.value]);
  draft.value = { ...draft.peek(), prompt: composed };
  if (isOurs) return;
  toast(words.value.make.replaced, { label: words.value.common.undo, run: () => change({ prompt: before }) });
}

function fill(next: Draft): void {
  const model = next.model ? modelCalled(next.model) : chosenModel.value;
  draft.value = model ? clampTo(next, model) : next;
  if (route.value.view !== 'make') go({ view: 'make' });
  focusPrompt.value += 1;
}

export function restoreFrom(job: Job): void {
  fill(draftOf(settingsOf(job)));
  toast(words.value.make.restored(job.model));
}

/** Remix: the same settings, a new seed, and the lineage says where it came from. */
export function remixFrom(job: Job): void {
  fill({ ...draftOf(settingsOf(job)), seed: null, parent: job.id });
}

export function restoreRecipe(recipe: Recipe): void {
  const known = models.value.some((model) => model.id === recipe.model);
  fill(draftOf({ ...recipe.request, model: known ? recipe.model : undefined }));
  toast(known ? words.value.make.restored(recipe.model) : words.value.make.restoredOther(recipe.model));
}
