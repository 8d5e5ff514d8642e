// Pictures of pages: brought by editors, painted by widgets.

import { ApiError, call } from '../api';

export interface PageInfo {
  picture: string;
  width: number;
  height: number;
}

let from: (picture: string) => Promise<Response> = (picture) => fetch(`/api/v1/pictures/${encodeURIComponent(picture)}`);

/** Has pictures fetched in another way, with what a link opens. */
export function picturesBy(by: typeof from): void {
  from = by;
}

const known = new Map<string, Promise<ImageBitmap>>();

/** A picture, fetched once; fails if it is not there. */
export function pictureOf(picture: string): Promise<ImageBitmap> {
  let found = known.get(picture);
  if (!found) {
    found = from(picture).then(async (r) => {
      if (!r.ok) throw new ApiError(r.status, 'not_found', '');
      return createImageBitmap(await r.blob());
    });
    found.catch(() => known.delete(picture)); // another attempt may do better
    known.set(picture, found);
  }
  return found;
}

// a television's page; more would be seen by nobody
const most = 1920;

/** Brings a picture of any form that the browser reads: made smaller where it is large, as JPEG. */
export async function bring(file: Blob, unreadable: string): Promise<PageInfo> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new ApiError(0, 'bad_picture', unreadable);
  }
  const scale = Math.min(1, most / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  const ink = canvas.getContext('2d');
  if (!ink) throw new ApiError(0, 'bad_picture', unreadable);
  ink.fillStyle = '#000';
  ink.fillRect(0, 0, canvas.width, canvas.height);
  ink.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const jpeg = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/jpeg', 0.9));
  if (!jpeg) throw new ApiError(0, 'bad_picture', unreadable);
  return call<PageInfo>('/api/v1/pictures', { method: 'POST', headers: { 'Content-Type': 'image/jpeg' }, body: jpeg });
}
