// Where a clip comes from and what it became.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { api } from '../api.ts';
import { words } from '../i18n/index.ts';
import { MovingPicture } from '../parts/moving.tsx';
import { Icon } from '../parts/icons.tsx';
import { go, hrefOf } from '../route.ts';
import { ratioOf } from '../settings.ts';
import { jobs, upsert } from '../state/jobs.ts';
import { Button } from '../parts/controls.tsx';
import type { Job } from '../types.ts';

interface Relatives {
  ancestors: string[];
  descendants: string[];
  siblings: string[];
}

async function findRelatives(job: Job): Promise<Relatives> {
  const [lineage, group] = await Promise.all([api.lineage(job.id), job.group ? api.jobs({ group: job.group, limit: 16 }) : Promise.resolve({ jobs: [] })]);
  upsert([...lineage.ancestors, ...lineage.descendants, ...group.jobs]);
  const idsOf = (list: Job[]): string[] => list
    .filter((one) => one.id !== job.id && one.trashed_ms === null)
    .sort((a, b) => a.created_ms - b.created_ms)
    .map((one) => one.id);
  return { ancestors: idsOf(lineage.ancestors), descendants: idsOf(lineage.descendants), siblings: idsOf(group.jobs.filter((one) => one.status === 'succeeded')) };
}

export function LineageView({ job }: { job: Job }) {
  const said = words.value.clip;
  const relatives = useSignal<Relatives>({ ancestors: [], descendants: [], siblings: [] });
  useEffect(() => {
    findRelatives(job).then((found) => { relatives.value = found; }).catch(() => undefined);
  }, [job.id]);
  const { ancestors, descendants, siblings } = relatives.value;
  return (
    <>
      {(ancestors.length > 0 || descendants.length > 0) && (
        <section class="lineage" aria-label={said.lineage}>
          <h2>{said.lineage}</h2>
          <div class="lineage-row">
            <Kin title={said.ancestors} ids={ancestors} />
            {ancestors.length > 0 && <Icon name="right" />}
            <Kin title={said.thisOne} ids={[job.id]} isHere />
            {descendants.length > 0 && <Icon name="right" />}
            <Kin title={said.descendants} ids={descendants} />
          </div>
        </section>
      )}
      {siblings.length > 0 && (
        <section class="lineage" aria-label={said.siblings}>
          <h2>{said.siblings}</h2>
          <div class="lineage-row"><Kin title="" ids={siblings} compareWith={job.id} /></div>
        </section>
      )}
    </>
  );
}

interface KinProps {
  title: string;
  ids: string[];
  isHere?: boolean;
  compareWith?: string;
}

function Kin({ title, ids, isHere = false, compareWith }: KinProps) {
  if (ids.length === 0) return null;
  return (
    <div class="kin">
      {title && <h3 class="label">{title}</h3>}
      <ul class="kin-list">
        {ids.map((id) => {
          const job = jobs.value.get(id);
          return job && <li key={id}><KinTile job={job} isHere={isHere} compareWith={compareWith} /></li>;
        })}
      </ul>
    </div>
  );
}

function KinTile({ job, isHere, compareWith }: { job: Job; isHere: boolean; compareWith: string | undefined }) {
  const said = words.value.jobs;
  const ratio = ratioOf(job.effective.size ?? job.requested.size);
  return (
    <>
      <a
        class={isHere ? 'kin-tile is-here' : 'kin-tile'} href={hrefOf({ view: 'clip', id: job.id })} aria-current={isHere ? 'true' : undefined}
        aria-label={said.open(job.title || job.prompt)} title={job.prompt} style={{ aspectRatio: String(ratio) }}
      >
        {job.status === 'succeeded' ? <MovingPicture job={job} /> : <span class="tile-paper"><Icon name="brush" /></span>}
      </a>
      {compareWith && job.status === 'succeeded' && (
        <Button look="quiet" onClick={() => go({ view: 'compare', left: compareWith, right: job.id })}>{said.compare}</Button>
      )}
    </>
  );
}
