import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choose, compose, exampleScenes, firstScene, fits, kindOf, surprise } from './prompt.ts';
import type { Scene, SceneField } from './prompt.ts';
import type { WordPair, Words, World } from './types.ts';

const same = (text: string): WordPair[] => text.split(' ').map((word) => [word, word]);
const english: Words = {
  colors: same('red orange yellow green blue purple pink white black brown gray'),
  subjects: same('cat dog rabbit elephant bird butterfly fish whale car train boat plane balloon rocket ball star'),
  actions: same('walk run jump sit fly swim drive sail roll bounce spin rise fall float grow twinkle'),
  places: same('meadow forest desert sea city snow space room'),
  times: [['day', 'during the day'], ['sunset', 'at sunset'], ['night', 'at night']],
  weathers: same('clear rain snow'),
};
const pairs = (text: string): WordPair[] => text.split(' ').map((entry) => entry.split(':') as WordPair);
const chinese: Words = {
  colors: pairs('red:红色 orange:橙色 blue:蓝色'), subjects: pairs('car:汽车 fish:鱼 bird:鸟 star:星星'), actions: pairs('drive:行驶 swim:游动 fly:飞行 twinkle:闪烁'),
  places: pairs('snow:雪地 sea:大海 city:城市 desert:沙漠'), times: pairs('day:白天 sunset:日落时 night:夜晚'), weathers: pairs('clear:晴朗 rain:下雨 snow:下雪'),
};

// A corner of the world: as the server says it, but smaller.
const always = ['day', 'sunset', 'night'];
const here = (actions: string, times = always, weathers = 'clear rain snow') => ({ actions: actions.split(' '), times, weathers: weathers.split(' ') });
const subjects = {
  cat: { meadow: here('walk run'), city: here('walk run'), snow: here('walk run', always, 'clear snow'), space: here('float', ['night'], 'clear') },
  fish: { sea: here('swim', always, 'clear') },
  car: { meadow: here('drive'), city: here('drive'), snow: here('drive', always, 'clear snow') },
  balloon: { meadow: here('rise fall'), city: here('rise fall'), sea: here('rise fall') },
  rocket: { meadow: here('fly rise'), space: here('fly rise', ['night'], 'clear') },
};
const places = ['meadow', 'city', 'snow', 'sea', 'space'];
const colors = ['red', 'blue', 'yellow', 'green', 'white', 'black'];
const seen = (place: string, time: string): string[] =>
  colors.filter((color) => (color === 'black' ? place !== 'space' && time !== 'night' : color !== 'white' || place !== 'snow' || time !== 'day'));
const corner: Words = {
  colors: same(colors.join(' ')), subjects: same(Object.keys(subjects).join(' ')), actions: same('walk run swim drive fly rise fall float'),
  places: same(places.join(' ')), times: same(always.join(' ')), weathers: same('clear rain snow'),
};
const world: World = {
  en: corner, zh: corner,
  fits: { subjects, colors: Object.fromEntries(places.map((place) => [place, Object.fromEntries(always.map((time) => [time, seen(place, time)]))])) },
};

const scene = (part: Partial<Scene>): Scene => ({ color: 'red', subject: 'cat', action: 'run', place: 'meadow', time: 'day', weather: 'clear', ...part });
const fields: SceneField[] = ['color', 'subject', 'action', 'place', 'time', 'weather'];
const makesSense = (one: Scene): boolean => fields.every((field) => fits(one, field, one[field], world.fits));

test('English sentences are those of the training captions', () => {
  assert.equal(compose(firstScene, 'en', english), 'a red car drives to the left in the snow at night');
  assert.equal(compose(scene({ color: 'orange', subject: 'balloon', action: 'grow', place: 'city', time: 'sunset' }), 'en', english), 'an orange balloon grows bigger over the city at sunset');
  assert.equal(compose(scene({ subject: 'bird', action: 'fly', weather: 'rain' }), 'en', english), 'a red bird flies to the left over the meadow in the rain');
  assert.equal(compose(scene({ subject: 'rocket', action: 'rise', place: 'space', time: 'night' }), 'en', english), 'a red rocket rises in space');
  assert.equal(compose(scene({ subject: 'boat', action: 'sail', place: 'sea', weather: 'snow' }), 'en', english), 'a red boat sails to the left on the sea while it snows');
});

test('Chinese sentences have Chinese word order and measure words', () => {
  assert.equal(compose(firstScene, 'zh', chinese), '夜晚，一辆红色的汽车在雪地里向左行驶');
  assert.equal(compose(scene({ color: 'orange', subject: 'fish', action: 'swim', place: 'sea' }), 'zh', chinese), '一条橙色的鱼在海里向左游动');
  assert.equal(compose(scene({ subject: 'bird', action: 'fly', place: 'city', weather: 'snow' }), 'zh', chinese), '一只红色的鸟在城市上空向左飞行，下着雪');
  assert.equal(compose(scene({ subject: 'star', action: 'twinkle', place: 'desert', time: 'sunset' }), 'zh', chinese), '日落时，一颗红色的星星在沙漠上空闪烁');
});

test('whatever is chosen, the scene makes sense and the choice is kept', () => {
  for (const begin of exampleScenes) {
    assert.ok(makesSense(begin));
    for (const [field, kind] of Object.entries(kindOf)) {
      for (const [value] of corner[kind]) {
        const next = choose(begin, field as SceneField, value, world);
        assert.equal(next[field as SceneField], value);
        assert.ok(makesSense(next), `${field} = ${value}: ${JSON.stringify(next)}`);
      }
    }
  }
});

test('choosing changes no more than needed', () => {
  const next = choose(firstScene, 'subject', 'fish', world);
  assert.deepEqual(next, { ...firstScene, subject: 'fish', action: 'swim', place: 'sea' });
  assert.deepEqual(choose(firstScene, 'color', 'blue', world), { ...firstScene, color: 'blue' });
});

test('surprises make sense', () => {
  let state = 1;
  const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let index = 0; index < 500; index += 1) {
    const one = surprise(world, random);
    assert.ok(makesSense(one), JSON.stringify(one));
  }
});
