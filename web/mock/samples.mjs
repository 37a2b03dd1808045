// A library to look at: finished clips, one of them remixed, some in folders.
const prompts = [
  ['a red car drives to the left in the snow at night', '128x128'], ['a white rabbit jumps in the meadow', '128x128'], ['一只蓝色的鸟在城市上空向左飞行', '176x96'],
  ['a yellow balloon rises over the city at sunset', '96x176'], ['一条橙色的鱼在海里向左游动', '128x128'], ['a green rocket rises in space', '96x176'],
  ['a purple star twinkles over the desert at night', '128x128'], ['a blue boat sails to the left on the sea at sunset', '176x96'], ['a pink cat walks to the left in the room', '128x128'],
  ['a brown dog runs to the left in the forest in the rain', '128x128'], ['夜晚，一列绿色的火车在森林里向左行驶', '176x96'], ['an orange ball bounces in the room at night', '128x128'],
  ['a gray elephant walks to the left in the meadow at sunset', '128x128'], ['a blue whale swims to the left in the sea at night', '176x96'], ['a pink butterfly flies to the left over the meadow', '128x128'],
  ['a white plane flies to the left over the city while it snows', '176x96'], ['日落时，一个红色的气球在草地上空上升', '96x176'], ['a yellow star falls over the city at night', '128x128'],
  ['a black cat sits in the snow during the day', '128x128'], ['a green ball rolls to the left in the desert', '128x128'],
];

export function addSamples(jobs, count) {
  const begin = Date.now() - count * 3_700_000;
  for (let index = 0; index < count; index += 1) {
    const [prompt, size] = prompts[index % prompts.length];
    const [job] = jobs.create({ prompt, size, seed: 100 + index, ...(index === 4 ? { steps: 80 } : {}) });
    job.created_ms = begin + index * 3_600_000;
    job.attempts = 1;
    jobs.finish(job);
    job.started_ms = job.created_ms + 1000;
    job.finished_ms = job.started_ms + 11_000 + (index % 5) * 900;
    job.favourite = index % 5 === 1;
    job.folder = index % 6 === 2 ? 'Bedtime' : index % 7 === 3 ? '城市' : '';
    job.title = index === 5 ? 'Lift-off' : '';
  }
  const chain = [0, 10, 15].map((index) => jobs.all[index]).filter(Boolean);
  for (let index = 1; index < chain.length; index += 1) Object.assign(chain[index], { parent: chain[index - 1].id, relation: 'remix' });
}
