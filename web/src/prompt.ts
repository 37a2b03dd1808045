// The prompt helper's sentences: a scene of the cartoon world in the words that the models were trained on.
// Word order and prepositions follow src/world/caption_{english,chinese}.cpp.
import type { Fits, WordKind, WordPair, Words, World } from './types.ts';

/** Values, as /world/words names them. */
export interface Scene {
  color: string;
  subject: string;
  action: string;
  place: string;
  time: string;
  weather: string;
}

export type SceneField = keyof Scene;
export type Language = 'en' | 'zh';

export const kindOf: Record<SceneField, WordKind> = {
  color: 'colors', subject: 'subjects', action: 'actions', place: 'places', time: 'times', weather: 'weathers',
};

export const firstScene: Scene = { color: 'red', subject: 'car', action: 'drive', place: 'snow', time: 'night', weather: 'clear' };

/** Whether choosing `value` for `field` makes a scene the world knows, the other fields as they are. */
export function fits(scene: Scene, field: SceneField, value: string, { subjects, colors }: Fits): boolean {
  if (field === 'subject') return true;
  if (field === 'color') return colors[scene.place]?.[scene.time]?.includes(value) ?? false;
  const places = subjects[scene.subject];
  if (field === 'place') return places?.[value] !== undefined;
  const here = places?.[scene.place];
  const known = { action: here?.actions, time: here?.times, weather: here?.weathers }[field];
  return known?.includes(value) ?? false;
}

const changeable: SceneField[] = ['action', 'place', 'time', 'weather', 'color', 'subject'];

function makesSense(scene: Scene, rules: Fits): boolean {
  return changeable.every((field) => fits(scene, field, scene[field], rules));
}

/** The scene with one field chosen, and as few others changed as are needed for it to make sense. */
export function choose(scene: Scene, field: SceneField, value: string, world: World): Scene {
  const wanted: Scene = { ...scene, [field]: value };
  const others = changeable.filter((other) => other !== field);
  for (let changes = 0; changes <= 3; changes += 1) {
    const found = withChanges(wanted, others, changes, world);
    if (found) return found;
  }
  return wanted;
}

function withChanges(scene: Scene, fields: SceneField[], changes: number, world: World): Scene | null {
  if (changes === 0) return makesSense(scene, world.fits) ? scene : null;
  for (const [index, field] of fields.entries()) {
    for (const value of values(field, world)) {
      const found = withChanges({ ...scene, [field]: value }, fields.slice(index + 1), changes - 1, world);
      if (found) return found;
    }
  }
  return null;
}

function values(field: SceneField, world: World): string[] {
  return world.en[kindOf[field]].map(([value]) => value);
}

function pick<Item>(items: readonly Item[], random: () => number): Item | undefined {
  return items[Math.floor(random() * items.length)];
}

/** A scene that makes sense, drawn at random. Clear weather is likelier than rain or snow. */
export function surprise(world: World, random: () => number = Math.random): Scene {
  const scene: Scene = { ...firstScene };
  const order: SceneField[] = ['subject', 'place', 'action', 'time', 'weather', 'color'];
  for (const field of order) {
    const known = values(field, world).filter((value) => fits(scene, field, value, world.fits));
    const clear = field === 'weather' && known.includes('clear') && random() < 0.6;
    scene[field] = clear ? 'clear' : (pick(known, random) ?? scene[field]);
  }
  return scene;
}

function wordOf(pairs: WordPair[], value: string): string {
  return pairs.find(([known]) => known === value)?.[1] ?? value;
}

const sideways = ['walk', 'run', 'fly', 'swim', 'drive', 'sail', 'roll'];
const inAir = ['butterfly', 'plane', 'balloon', 'rocket', 'star'];

function isAloft(scene: Scene): boolean {
  if (scene.subject === 'bird') return scene.action !== 'walk';
  return inAir.includes(scene.subject);
}

function hasOpenSky(place: string): boolean {
  return !['space', 'room', 'forest'].includes(place);
}

function englishPlace(scene: Scene, words: Words): string {
  const place = wordOf(words.places, scene.place);
  if (isAloft(scene) && hasOpenSky(scene.place)) return `over the ${place}`;
  if (scene.place === 'space') return `in ${place}`;
  if (scene.place !== 'sea') return `in the ${place}`;
  return scene.subject === 'fish' || scene.subject === 'whale' ? `in the ${place}` : `on the ${place}`;
}

function englishVerb(scene: Scene, words: Words): string {
  const verb = wordOf(words.actions, scene.action);
  const conjugated = verb.endsWith('y') ? `${verb.slice(0, -1)}ies` : `${verb}s`;
  return scene.action === 'grow' ? `${conjugated} bigger` : conjugated;
}

function english(scene: Scene, words: Words): string {
  const color = wordOf(words.colors, scene.color);
  const article = /^[aeiou]/.test(color) ? 'an' : 'a';
  const parts = [article, color, wordOf(words.subjects, scene.subject), englishVerb(scene, words)];
  if (sideways.includes(scene.action)) parts.push('to the left');
  parts.push(englishPlace(scene, words));
  if (scene.time !== 'day' && scene.place !== 'space') parts.push(wordOf(words.times, scene.time));
  if (scene.weather === 'rain') parts.push('in the rain');
  if (scene.weather === 'snow') parts.push('while it snows');
  return parts.join(' ');
}

const measures: Record<string, string> = {
  elephant: '头', whale: '头', fish: '条', car: '辆', train: '列', boat: '艘', plane: '架', balloon: '个', ball: '个', rocket: '枚', star: '颗',
};
const chinesePlaces: Record<string, string> = {
  meadow: '草地上', forest: '森林里', desert: '沙漠里', sea: '海上', city: '城市里', snow: '雪地里', space: '太空中', room: '房间里',
};

function chinesePlace(scene: Scene, words: Words): string {
  if (scene.subject === 'fish' || scene.subject === 'whale') return '海里';
  const place = wordOf(words.places, scene.place);
  if (isAloft(scene) && hasOpenSky(scene.place)) return `${place}上空`;
  return chinesePlaces[scene.place] ?? `${place}里`;
}

function chinese(scene: Scene, words: Words): string {
  const time = scene.time !== 'day' && scene.place !== 'space' ? `${wordOf(words.times, scene.time)}，` : '';
  const who = `一${measures[scene.subject] ?? '只'}${wordOf(words.colors, scene.color)}的${wordOf(words.subjects, scene.subject)}`;
  const way = sideways.includes(scene.action) ? '向左' : '';
  const weather = scene.weather === 'rain' ? '，下着雨' : scene.weather === 'snow' ? '，下着雪' : '';
  return `${time}${who}在${chinesePlace(scene, words)}${way}${wordOf(words.actions, scene.action)}${weather}`;
}

export function compose(scene: Scene, language: Language, words: Words): string {
  return language === 'zh' ? chinese(scene, words) : english(scene, words);
}

/** A few scenes to begin with. */
export const exampleScenes: Scene[] = [
  { color: 'red', subject: 'car', action: 'drive', place: 'snow', time: 'night', weather: 'clear' },
  { color: 'yellow', subject: 'balloon', action: 'rise', place: 'city', time: 'sunset', weather: 'clear' },
  { color: 'green', subject: 'rocket', action: 'rise', place: 'space', time: 'night', weather: 'clear' },
];
