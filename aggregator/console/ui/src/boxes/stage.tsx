import { useState } from 'preact/hooks';

import { names } from '../live';
import { lang } from '../prefs';
import { placeName } from '../regions';
import type { Stage } from './api';
import { t } from './words';

interface Props {
  from: Stage;
  /** Models that boxes told, to choose from. */
  models: string[];
  onChange: (s: Stage) => void;
}

// what is chosen most
const shares = [1, 5, 20, 50, 100];

/** Of which boxes an update is: a share, provinces, models. */
export function StageFields({ from, models, onChange }: Props) {
  const [stage, setStage] = useState(from);
  const set = (to: Partial<Stage>) => {
    const next = { ...stage, ...to };
    setStage(next);
    onChange(next);
  };
  const known = (names.value?.regions ?? []).filter((r) => r.code.length === 2);
  const choices = [...new Set([...models, ...stage.models])].sort();
  const turn = (list: string[], one: string, on: boolean) => (on ? [...list, one].sort() : list.filter((x) => x !== one));
  return (
    <>
      <label>
        <span>{t('percent')}</span>
        <input
          name="percent"
          type="number"
          min={0}
          max={100}
          step={0.1}
          required
          value={stage.percent}
          onInput={(e) => set({ percent: Number(e.currentTarget.value) })}
        />
        <span class="quiet">{t('percentHint')}</span>
      </label>
      <div class="people-acts" role="group" aria-label={t('share')}>
        {shares.map((n) => (
          <button key={n} type="button" class="button" data-share={n} aria-pressed={stage.percent === n} onClick={() => set({ percent: n })}>
            {n}%
          </button>
        ))}
      </div>
      <details>
        <summary>
          {t('provinces')}: {stage.provinces.length === 0 ? t('allProvinces') : stage.provinces.map((p) => placeName(p)).join(' ')}
        </summary>
        <div class="provinces" role="group" aria-label={t('provinces')}>
          {known.map((p) => (
            <label key={p.code} class="check">
              <input type="checkbox" data-province={p.code} checked={stage.provinces.includes(p.code)} onChange={(e) => set({ provinces: turn(stage.provinces, p.code, e.currentTarget.checked) })} />{' '}
              {p.name[lang.value]}
            </label>
          ))}
        </div>
      </details>
      <details>
        <summary>
          {t('models')}: {stage.models.length === 0 ? t('allModels') : stage.models.join(' ')}
        </summary>
        <div class="provinces" role="group" aria-label={t('models')}>
          {choices.map((m) => (
            <label key={m} class="check">
              <input type="checkbox" data-model={m} checked={stage.models.includes(m)} onChange={(e) => set({ models: turn(stage.models, m, e.currentTarget.checked) })} /> {m}
            </label>
          ))}
        </div>
        <label>
          <span>{t('modelsHint')}</span>
          <input
            name="models"
            value={stage.models.join(',')}
            autocomplete="off"
            onChange={(e) =>
              set({
                models: e.currentTarget.value
                  .split(',')
                  .map((m) => m.trim())
                  .filter(Boolean),
              })
            }
          />
        </label>
      </details>
    </>
  );
}
