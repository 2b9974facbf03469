// The globals of Node that Autobahn|JS and its codecs expect.

export { Buffer } from 'buffer';
export { default as process } from 'process/browser';
