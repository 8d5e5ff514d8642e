// A made-up home page of an EPG, as a picture, and where its slots lie on it (in thousandths).

const size = { width: 1280, height: 720 };
const nav = ['首页', '电视', '回看', '电影', '剧集', '少儿', '综艺', '体育', '应用'];
const colours = ['#37506b', '#6b3b4c', '#2f6157', '#6a5a2e', '#4b3f72', '#7a4327', '#28566b', '#5b2f5f'];

const boxes = [
  ...nav.map((name, i) => ({ area: 'nav', slot: String(i + 1), name, x: 60 + i * 128, y: 96, w: 116, h: 44 })),
  ...colours.map((colour, i) => ({ area: 'posters', slot: String(i + 1), colour, x: 60 + (i % 4) * 295, y: 176 + Math.floor(i / 4) * 262, w: 275, h: 236 })),
];

/** Where the slots lie. */
export const slots = boxes.map(({ area, slot, x, y, w, h }) => ({
  area, slot, x: Math.round((1000 * x) / size.width), y: Math.round((1000 * y) / size.height), w: Math.round((1000 * w) / size.width), h: Math.round((1000 * h) / size.height),
}));

/** Draws it in a page; returns a file of the form, image/png, image/jpeg or image/webp. */
export async function picture(page, type = 'image/png') {
  const address = await page.evaluate(
    ({ boxes, size, type }) => {
      const canvas = Object.assign(document.createElement('canvas'), size);
      const ink = canvas.getContext('2d');
      const ground = ink.createLinearGradient(0, 0, 0, size.height);
      ground.addColorStop(0, '#10263d');
      ground.addColorStop(1, '#071320');
      ink.fillStyle = ground;
      ink.fillRect(0, 0, size.width, size.height);
      ink.fillStyle = '#e8eef4';
      ink.font = '600 34px sans-serif';
      ink.fillText('IPTV', 60, 62);
      ink.font = '24px sans-serif';
      for (const b of boxes) {
        ink.fillStyle = b.colour ?? 'rgb(255 255 255 / 10%)';
        ink.beginPath();
        ink.roundRect(b.x, b.y, b.w, b.h, 10);
        ink.fill();
        ink.fillStyle = '#e8eef4';
        if (b.name) ink.fillText(b.name, b.x + (b.w - ink.measureText(b.name).width) / 2, b.y + 31);
        else {
          ink.fillStyle = 'rgb(255 255 255 / 14%)';
          ink.beginPath();
          ink.arc(b.x + b.w * 0.7, b.y + b.h * 0.42, b.h * 0.3, 0, 7);
          ink.fill();
          ink.fillStyle = 'rgb(0 0 0 / 40%)';
          ink.fillRect(b.x, b.y + b.h - 46, b.w, 46);
        }
      }
      return canvas.toDataURL(type);
    },
    { boxes, size, type },
  );
  const [head, body] = address.split(',');
  return { name: `home.${type.split('/')[1]}`, mimeType: head.slice('data:'.length).split(';')[0], buffer: Buffer.from(body, 'base64') };
}
