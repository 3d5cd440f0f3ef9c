// Webtorrent without WebRTC, for programs that are started as they are.
import { register } from 'node:module';

// WebRTC needs a native module whose build is not run, and takes no part in plain TCP: an empty one stands for it.
const noWebRtc = `export const RTCPeerConnection = undefined, RTCSessionDescription = undefined, RTCIceCandidate = undefined;
export default {};`;
const hooks = `export const resolve = (name, context, next) => name === 'webrtc-polyfill'
  ? { url: ${JSON.stringify(`data:text/javascript,${encodeURIComponent(noWebRtc)}`)}, shortCircuit: true }
  : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
export const { default: WebTorrent } = await import('webtorrent');
