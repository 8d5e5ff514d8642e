// The only file that carries ECharts; loaded after the figures are on the page.

import { BarChart, LineChart, PieChart, SankeyChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, MarkPointComponent, TooltipComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

use([
  LineChart, BarChart, PieChart, ScatterChart, SankeyChart,
  GridComponent, TooltipComponent, LegendComponent, MarkLineComponent, MarkAreaComponent, MarkPointComponent,
  CanvasRenderer,
]);

/** What of a chart was clicked. */
export interface Clicked {
  seriesIndex: number;
  dataIndex: number;
  /** A node or link of a path. */
  dataType: string;
  data: unknown;
}

export interface Chart {
  draw(option: EChartsCoreOption): void;
  resize(): void;
  dispose(): void;
  onClick(tell: (c: Clicked) => void): void;
  /** The chart as a PNG on this ground, twice as fine as on the screen. */
  image(ground: string): Promise<Blob>;
}

/** Makes a chart in an element that has a size. */
export function create(element: HTMLElement): Chart {
  const chart = init(element, null, { renderer: 'canvas' });
  // paper does not wait for the next frame
  const print = () => {
    if (element.clientWidth === 0 || element.clientHeight === 0) return;
    chart.resize();
    chart.getZr().flush();
  };
  addEventListener('boardprint', print);
  return {
    // a chart of another kind has other axes; those left behind would stay
    draw: (option) => chart.setOption(option, { replaceMerge: ['series', 'xAxis', 'yAxis', 'legend'] }),
    resize: () => chart.resize(),
    dispose: () => {
      removeEventListener('boardprint', print);
      chart.dispose();
    },
    onClick: (tell) => {
      chart.on('click', (e) => tell({ seriesIndex: e.seriesIndex ?? 0, dataIndex: e.dataIndex, dataType: e.dataType ?? '', data: e.data }));
    },
    image: (ground) =>
      new Promise((resolve, reject) => {
        const canvas = chart.renderToCanvas({ pixelRatio: 2, backgroundColor: ground });
        canvas.toBlob((b) => (b ? resolve(b) : reject(new Error('no picture'))), 'image/png');
      }),
  };
}
