// What there is to choose from: models and the words of the cartoon world.
import { computed, signal } from '@preact/signals';
import { api } from '../api.ts';
import type { Model, World } from '../types.ts';

export const models = signal<Model[]>([]);
export const world = signal<World | null>(null);

export const videoModels = computed(() => models.value.filter((model) => model.kind === 'video'));
export const defaultModel = computed<Model | null>(() => {
  const ready = videoModels.value.filter((model) => model.ready);
  return ready.find((model) => model.default) ?? ready[0] ?? null;
});

export function modelCalled(id: string | null): Model | null {
  return videoModels.value.find((model) => model.id === id) ?? defaultModel.value;
}

export async function loadCatalogue(): Promise<void> {
  models.value = await api.models();
  if (models.value.some((model) => model.world)) world.value = await api.world();
}
