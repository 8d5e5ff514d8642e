import type { Product, Products } from '../api';
import { exact, figure, missing } from '../format';
import { t } from '../i18n';
import { days, span, useInsight, within } from '../insights';
import { lang } from '../prefs';
import { Box } from './insights';
import { w } from './insightwords';

/** What products earn beside how their content is watched. */
export function ProductsSection({ place, last }: { place: string; last: string }) {
  const l = lang.value;
  const { answer, problem } = useInsight<Products>(`products?${days(last, span.value)}${within(place)}`);
  const weak = answer?.rows.filter((p) => p.weak.length > 0) ?? [];
  return (
    <Box id="products" title={w('productContent')} hint={w('productHint')} says={answer?.text[l]} problem={problem} waiting={!answer}>
      {answer && answer.rows.length > 0 && <ProductTable rows={answer.rows} />}
      {weak.length > 0 && (
        <ul class="findings">
          {weak.map((p) => (
            <li key={p.product} class="finding finding-worse" data-finding="weak">
              <p class="finding-tags">
                <span class="finding-verdict">
                  <span aria-hidden="true">▼</span> {p.weak.map((w) => t(`weak_${w.verdict}`)).join(' · ')}
                </span>
                <span class="finding-place">{p.name[l]}</span>
              </p>
              <p>{p.text[l]}</p>
            </li>
          ))}
        </ul>
      )}
      {answer && answer.suppressed > 0 && <p class="quiet">{t('suppressedNote', { n: answer.suppressed })}</p>}
    </Box>
  );
}

function ProductTable({ rows }: { rows: Product[] }) {
  const l = lang.value;
  const percent = (v: number | null) => (v === null ? missing : `${exact(v, l, 1)}%`);
  const columns: [string, (p: Product) => string][] = [
    [w('productOrders'), (p) => (p.orders.value === null ? missing : figure(p.orders.value, 'count', l))],
    [w('productRevenue'), (p) => (p.revenue.value === null ? missing : figure(p.revenue.value, 'fen', l))],
    [w('productViewers'), (p) => (p.viewers.value === null ? missing : figure(p.viewers.value, 'boxes', l))],
    [w('productCompletion'), (p) => percent(p.completion.value)],
    [w('productReturn'), (p) => percent(p.return_rate.value)],
    [w('productErrors'), (p) => percent(p.error_rate.value)],
  ];
  return (
    <div class="table-frame" role="region" aria-label={w('productContent')} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">{w('product')}</th>
            {columns.map(([title]) => (
              <th key={title} scope="col" class="numeric">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((p) => (
            <tr key={p.product} data-product={p.product}>
              <th scope="row" title={p.text[l]}>
                {p.name[l]}
              </th>
              {columns.map(([title, cell]) => (
                <td key={title} class="numeric">
                  {cell(p)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
