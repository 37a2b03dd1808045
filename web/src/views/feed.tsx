// What is being made and what was made lately, one card for each press of the button.
import { computed, useSignalEffect } from '@preact/signals';
import { words } from '../i18n/index.ts';
import { Button, IconButton } from '../parts/controls.tsx';
import { Icon } from '../parts/icons.tsx';
import { go, hrefOf } from '../route.ts';
import { shapeOf } from '../settings.ts';
import { restoreFrom, sentCount } from '../state/draft.ts';
import { grouped, isActive, recentJobs } from '../state/jobs.ts';
import type { JobGroup } from '../state/jobs.ts';
import { JobTile } from './tile.tsx';

const groups = computed(() => grouped(recentJobs.value));
const onEasel = computed(() => groups.value.filter((group) => group.jobs.some(isActive)));
const lately = computed(() => groups.value.filter((group) => !group.jobs.some(isActive)).slice(0, 8));

export function Feed() {
  const said = words.value.jobs;
  useSignalEffect(() => {
    if (sentCount.value === 0) return;
    sentCount.value = 0;
    setTimeout(() => document.querySelector('.group')?.scrollIntoView({ behavior: 'smooth', block: 'nearest' }), 60);
  });
  if (groups.value.length === 0) return null;
  return (
    <div class="feed">
      {onEasel.value.length > 0 && <Section title={said.title} list={onEasel.value} />}
      {lately.value.length > 0 && <Section title={said.recent} list={lately.value} />}
      <a class="feed-all" href={hrefOf({ view: 'library' })}>{said.all}<Icon name="right" /></a>
    </div>
  );
}

function Section({ title, list }: { title: string; list: JobGroup[] }) {
  return (
    <section class="feed-section" aria-label={title}>
      <h2>{title}</h2>
      <div class="feed-groups">{list.map((group) => <GroupCard key={group.id} group={group} />)}</div>
    </section>
  );
}

function GroupCard({ group }: { group: JobGroup }) {
  const said = words.value;
  const first = group.jobs[0];
  if (!first) return null;
  const made = group.jobs.filter((job) => job.status === 'succeeded');
  const shape = shapeOf(first.effective.size ?? first.requested.size);
  return (
    <article class={`group group-${group.jobs.length > 4 ? 'many' : group.jobs.length} group-${shape}`}>
      <div class="group-tiles">{group.jobs.map((job) => <JobTile key={job.id} job={job} />)}</div>
      <footer class="group-foot">
        <p class="group-prompt" lang={/[\u4e00-\u9fff]/.test(first.prompt) ? 'zh-CN' : undefined}>{first.title || first.prompt}</p>
        <div class="group-actions">
          {made[0] && made[1] && (
            <Button look="quiet" icon="compare" onClick={() => go({ view: 'compare', left: made[0]?.id ?? '', right: made[1]?.id ?? '' })}>{said.jobs.compare}</Button>
          )}
          <IconButton icon="restore" label={said.jobs.reuse} onClick={() => restoreFrom(first)} />
        </div>
      </footer>
    </article>
  );
}
