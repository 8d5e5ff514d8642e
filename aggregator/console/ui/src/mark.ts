// The mark that pages and files carry: on a canvas, since the policy allows no picture
// in an address.

import { send } from './api';

/** Writes text slantwise all over a drawing. */
export function tile(ink: CanvasRenderingContext2D, text: string, width: number, height: number, colour: string): void {
  ink.save();
  ink.font = '14px system-ui, sans-serif';
  ink.fillStyle = colour;
  const stepX = ink.measureText(text).width + 90;
  for (let y = 40, row = 0; y < height + 120; y += 110, row++) {
    for (let x = -(row % 2) * (stepX / 2); x < width; x += stepX) {
      ink.save();
      ink.translate(x, y);
      ink.rotate(-Math.PI / 9);
      ink.fillText(text, 0, 0);
      ink.restore();
    }
  }
  ink.restore();
}

/** Tells the server that something leaves the page; answers with the mark it is to carry, '' for none. */
export async function leaving(format: 'csv' | 'png' | 'copy' | 'print', what: string, rows = 0): Promise<string> {
  return (await send<{ mark: string }>('POST', '/api/v1/exports', { format, what: what.slice(0, 80), rows })).mark;
}

/** A picture with the mark all over it. */
export async function marked(picture: Blob, mark: string): Promise<Blob> {
  if (!mark) return picture;
  const image = await createImageBitmap(picture);
  const canvas = new OffscreenCanvas(image.width, image.height);
  const ink = canvas.getContext('2d');
  if (!ink) throw new Error('no canvas');
  ink.drawImage(image, 0, 0);
  tile(ink as unknown as CanvasRenderingContext2D, mark, image.width, image.height, 'rgb(128 128 128 / 28%)');
  return canvas.convertToBlob({ type: 'image/png' });
}
