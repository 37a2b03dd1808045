// Clips for the mock: the cartoon world drawn by the real program (../build/hotshot), kept in node_modules/.mock.
// Without the program the files are simply not there, and the studio shows that too.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const program = join(here, '../../build/hotshot');
const folder = join(here, '../node_modules/.mock');
mkdirSync(folder, { recursive: true });

const pairs = (text) => text.split(' ').map((entry) => entry.split(':'));
const en = (names) => names.map((name) => [name, name]);
const colors = ['red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'white', 'black', 'brown', 'gray'];
const subjects = ['cat', 'dog', 'rabbit', 'elephant', 'bird', 'butterfly', 'fish', 'whale', 'car', 'train', 'boat', 'plane', 'balloon', 'rocket', 'ball', 'star'];
const actions = ['walk', 'run', 'jump', 'sit', 'fly', 'swim', 'drive', 'sail', 'roll', 'bounce', 'spin', 'rise', 'fall', 'float', 'grow', 'twinkle'];
const places = ['meadow', 'forest', 'desert', 'sea', 'city', 'snow', 'space', 'room'];

export const worldWords = {
  en: {
    colors: en(colors), subjects: en(subjects), actions: en(actions), places: en(places),
    times: [['day', 'during the day'], ['sunset', 'at sunset'], ['night', 'at night']], weathers: en(['clear', 'rain', 'snow']),
  },
  zh: {
    colors: pairs('red:红色 orange:橙色 yellow:黄色 green:绿色 blue:蓝色 purple:紫色 pink:粉色 white:白色 black:黑色 brown:棕色 gray:灰色'),
    subjects: pairs('cat:猫 dog:狗 rabbit:兔子 elephant:大象 bird:鸟 butterfly:蝴蝶 fish:鱼 whale:鲸鱼 car:汽车 train:火车 boat:船 plane:飞机 balloon:气球 rocket:火箭 ball:球 star:星星'),
    actions: pairs('walk:走 run:奔跑 jump:跳跃 sit:坐着 fly:飞行 swim:游动 drive:行驶 sail:航行 roll:滚动 bounce:弹跳 spin:旋转 rise:上升 fall:下落 float:飘浮 grow:变大 twinkle:闪烁'),
    places: pairs('meadow:草地 forest:森林 desert:沙漠 sea:大海 city:城市 snow:雪地 space:太空 room:房间'),
    times: pairs('day:白天 sunset:日落时 night:夜晚'), weathers: pairs('clear:晴朗 rain:下雨 snow:下雪'),
  },
};

function found(prompt, kind) {
  const text = prompt.toLowerCase();
  for (const words of [worldWords.en, worldWords.zh]) {
    const hit = words[kind].find(([, word]) => text.includes(kind === 'actions' && word === 'fly' ? 'fl' : word));
    if (hit) return hit[0];
  }
  return null;
}

function sceneOf(prompt, seed) {
  const action = found(prompt, 'actions') ?? 'drive';
  const direction = { rise: 'up', fall: 'down' }[action] ?? (['sit', 'spin', 'grow', 'twinkle', 'jump', 'bounce', 'float'].includes(action) ? 'none' : 'left');
  const subject = found(prompt, 'subjects') ?? 'car';
  return {
    actors: [{ action, color: found(prompt, 'colors') ?? 'red', direction, size: 'normal', speed: 'normal', subject }],
    camera: 'still', count: 1, place: found(prompt, 'places') ?? (subject === 'fish' ? 'sea' : 'meadow'), relation: 'none',
    time: found(prompt, 'times') ?? (/space|太空/.test(prompt) ? 'night' : 'day'),
    weather: /in the rain|下着雨/.test(prompt) ? 'rain' : /while it snows|下着雪/.test(prompt) ? 'snow' : 'clear', detail_seed: seed,
  };
}

function run(parameters) {
  return new Promise((resolve) => {
    const child = spawn('nice', ['-n', '10', program, 'world', 'render', ...parameters], { stdio: 'ignore' });
    child.on('error', () => resolve(false));
    child.on('exit', (code) => resolve(code === 0));
  });
}

let last = Promise.resolve();
/** One drawing at a time: the machine has other things to do. */
function inTurn(work) {
  const next = last.then(work, work);
  last = next.catch(() => undefined);
  return next;
}

async function draw(path, job, parameters) {
  if (existsSync(path)) return path;
  const { seed } = job.effective;
  const partial = path.replace(/(\.\w+)$/, '.partial$1');
  const scene = ['--scene', JSON.stringify(sceneOf(job.prompt, seed))];
  const isDrawn = (await run([...scene, '-o', partial, ...parameters])) || (await run(['--seed', String(seed % 100000), '-o', partial, ...parameters]));
  if (!isDrawn) return null;
  await rename(partial, path);
  return path;
}

const endings = { video: 'mp4', webm: 'webm', gif: 'gif', webp: 'webp', thumbnail: 'png', spritesheet: 'png' };

export function picture(job, role) {
  const [width, height] = job.effective.size.split('x');
  const size = ['--width', width, '--height', height, '--fps', String(job.effective.fps)];
  const isStill = role === 'thumbnail' || role === 'spritesheet';
  const path = join(folder, `${job.id}-${isStill ? 'still' : role}.${endings[role]}`);
  return inTurn(() => draw(path, job, [...size, '--frames', isStill ? '1' : String(job.effective.frames)]));
}

/** Coarse at first, finer with every third of the way. */
export function preview(job, fraction) {
  const [width, height] = job.effective.size.split('x').map(Number);
  const divisor = fraction < 0.3 ? 8 : fraction < 0.6 ? 4 : 2;
  const even = (value) => String(Math.max(8, Math.round(value / divisor / 2) * 2));
  const path = join(folder, `${job.id}-preview${divisor}.png`);
  return inTurn(() => draw(path, job, ['--width', even(width), '--height', even(height), '--frames', '1']));
}

export const types = { video: 'video/mp4', webm: 'video/webm', gif: 'image/gif', webp: 'image/webp', thumbnail: 'image/png', spritesheet: 'image/png' };
export { endings, folder };
