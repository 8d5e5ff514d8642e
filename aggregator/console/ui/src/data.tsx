// Own data sources: a file of its own (data.js), loaded when the reader comes to them.

// What main.js has in common with analysis.js or with this file belongs into shared.js,
// which is one file: so each of the files that come later must reach all of it. A module
// that only two of them share would make another file of that name, and the build fails.
import './country';
import './format';
import './mark';
import './options';
import './page/later';
import './page/marks';
import './page/states';
import './parts/chart';
import './parts/count';
import './parts/doing';
import './parts/panel';
import './parts/ranking';
import './parts/segmented';
import './parts/spark';
import './parts/table';
import './parts/tilemap';
import './stream';

import { ListPage } from './data/list';
import { OnePage } from './data/one';
import { peopleRoute } from './route';

export function DataPages() {
  const name = (peopleRoute.value ?? '').split('/')[1];
  return name ? <OnePage key={name} name={decodeURIComponent(name)} /> : <ListPage key="all" />;
}
