// The only file that carries ECharts; loaded after the figures are on the page.

import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

use([LineChart, BarChart, GridComponent, TooltipComponent, CanvasRenderer]);

export interface Chart {
  draw(option: EChartsCoreOption): void;
  resize(): void;
  dispose(): void;
}

/** Makes a chart in an element that has a size. */
export function create(element: HTMLElement): Chart {
  const chart = init(element, null, { renderer: 'canvas' });
  return {
    draw: (option) => chart.setOption(option, { replaceMerge: ['series'] }),
    resize: () => chart.resize(),
    dispose: () => chart.dispose(),
  };
}
