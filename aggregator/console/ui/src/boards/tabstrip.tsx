import { lang } from '../prefs';
import { Sign } from './dialog';
import { change, selection, tabID } from './edit';
import { freshID, say, type Board, type Tab } from './model';
import { t } from './words';

/** The tabs of a board being edited: choose, add, order, remove. */
export function TabStrip({ board: b, tab }: { board: Board; tab: Tab }) {
  const l = lang.value;
  const at = b.tabs.indexOf(tab);
  const move = (by: number) =>
    change((o) => {
      const tabs = [...o.tabs];
      tabs.splice(at, 1);
      tabs.splice(at + by, 0, tab);
      return { ...o, tabs };
    });
  const choose = (id: string) => {
    selection.value = [];
    tabID.value = id;
  };
  return (
    <div class="tab-strip">
      <nav class="tabs" aria-label={t('tabs')}>
        {b.tabs.map((o) => (
          <button key={o.id} type="button" data-tab={o.id} aria-current={o === tab ? 'true' : undefined} onClick={() => choose(o.id)}>
            {say(o.title, l)}
          </button>
        ))}
      </nav>
      <button
        type="button"
        class="icon-button"
        data-do="add-tab"
        aria-label={t('addTab')}
        title={t('addTab')}
        disabled={b.tabs.length >= 12}
        onClick={() => {
          const id = freshID(b, 't');
          change((o) => ({ ...o, tabs: [...o.tabs, { id, title: { zh: '新标签页', en: 'New tab' }, widgets: [] }] }));
          choose(id);
        }}
      >
        <Sign of="plus" />
      </button>
      <button type="button" class="icon-button" aria-label={t('tabLeft')} title={t('tabLeft')} disabled={at <= 0} onClick={() => move(-1)}>
        <Sign of="left" />
      </button>
      <button type="button" class="icon-button" aria-label={t('tabRight')} title={t('tabRight')} disabled={at >= b.tabs.length - 1} onClick={() => move(1)}>
        <Sign of="right" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={t('removeTab')}
        title={t('removeTab')}
        disabled={b.tabs.length < 2}
        onClick={() => {
          change((o) => ({ ...o, tabs: o.tabs.filter((x) => x.id !== tab.id) }));
          choose(b.tabs.find((o) => o.id !== tab.id)!.id);
        }}
      >
        <Sign of="bin" />
      </button>
    </div>
  );
}
