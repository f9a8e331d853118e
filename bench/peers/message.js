// message.js - as message.c, for ONNX Runtime: node message.js FILE.onnx
// NODE_PATH leads to onnxruntime-node. One thread, all optimisations of the graph.
const ort = require('onnxruntime-node');
const readline = require('readline');

function median(x) {
  return x.sort((a, b) => a - b)[x.length >> 1];
}

async function answer(session, tokens, times) {
  const ids = BigInt64Array.from({ length: tokens }, (_, i) => BigInt((i * 7919) % 16384));
  const feeds = { ids: new ort.Tensor('int64', ids, [1, tokens]) };
  const wall = [], cpu = [];
  for (let i = 0; i < times; i++) {
    const wallBefore = performance.now(), cpuBefore = process.cpuUsage();
    await session.run(feeds);
    const spent = process.cpuUsage(cpuBefore);
    wall.push(performance.now() - wallBefore);
    cpu.push((spent.user + spent.system) / 1e3);
  }
  return `${median(wall).toFixed(4)} ${median(cpu).toFixed(4)}`;
}

async function main() {
  const session = await ort.InferenceSession.create(process.argv[2], {
    executionProviders: ['cpu'], intraOpNumThreads: 1, interOpNumThreads: 1, graphOptimizationLevel: 'all',
  });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [tokens, times] = line.split(' ').map(Number);
    console.log(await answer(session, tokens, times));
  }
}

main();
