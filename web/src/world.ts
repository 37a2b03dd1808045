// Which things of the cartoon world go together: the rules of src/world/grammar.cpp that the prompt helper needs.
// Words are fetched; only what fits is known here. Values this table does not know fit everywhere.
import type { Scene } from './prompt.ts';

const land = ['meadow', 'forest', 'desert', 'city', 'snow'];
const sky = [...land, 'sea'];

interface Rule {
  places: string[];
  actions: string[];
  inSpace?: string[];
}

const rules: Record<string, Rule> = {
  cat: { places: [...land, 'room', 'space'], actions: ['walk', 'run', 'jump', 'sit'], inSpace: ['float'] },
  dog: { places: [...land, 'room', 'space'], actions: ['walk', 'run', 'jump', 'sit'], inSpace: ['float'] },
  rabbit: { places: [...land, 'room', 'space'], actions: ['run', 'jump', 'sit'], inSpace: ['float'] },
  elephant: { places: land, actions: ['walk', 'run', 'sit'] },
  bird: { places: sky, actions: ['fly', 'walk'] },
  butterfly: { places: ['meadow', 'forest', 'desert', 'city', 'room'], actions: ['fly'] },
  fish: { places: ['sea'], actions: ['swim'] },
  whale: { places: ['sea'], actions: ['swim'] },
  car: { places: [...land, 'room'], actions: ['drive'] },
  train: { places: [...land, 'room'], actions: ['drive'] },
  boat: { places: ['sea'], actions: ['sail'] },
  plane: { places: sky, actions: ['fly'] },
  balloon: { places: [...sky, 'room'], actions: ['rise', 'fall', 'float', 'grow'] },
  rocket: { places: ['meadow', 'desert', 'city', 'snow', 'sea', 'space'], actions: ['fly', 'rise'], inSpace: ['fly', 'rise'] },
  ball: { places: [...land, 'room'], actions: ['roll', 'bounce', 'spin', 'grow'] },
  star: { places: [...sky, 'space'], actions: ['twinkle', 'spin', 'fall', 'grow'], inSpace: ['twinkle', 'spin', 'fall', 'grow'] },
};

export function livesIn(subject: string, place: string): boolean {
  return rules[subject]?.places.includes(place) ?? true;
}

export function canDo(subject: string, action: string, place: string): boolean {
  const rule = rules[subject];
  if (!rule) return true;
  const actions = place === 'space' ? (rule.inSpace ?? []) : rule.actions;
  if (subject === 'bird' && action === 'walk' && place === 'sea') return false;
  return actions.includes(action);
}

export function canHaveTime(scene: Scene, time: string): boolean {
  if (scene.place === 'space') return time === 'night';
  return !(scene.subject === 'star' && time === 'day');
}

export function canHaveWeather(scene: Scene, weather: string): boolean {
  if (weather === 'clear') return true;
  if (scene.subject === 'fish') return false;
  if (['room', 'space', 'desert'].includes(scene.place)) return false;
  return weather === 'snow' || scene.place !== 'snow';
}

export function canBeSeen(color: string, scene: Scene): boolean {
  if (color === 'black') return scene.place !== 'space' && scene.time !== 'night';
  if (color === 'white') return scene.place !== 'snow' || scene.time !== 'day';
  return true;
}
