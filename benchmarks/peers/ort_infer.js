#!/usr/bin/env node
// Times the inference of an ONNX file in ONNX Runtime on the CPU and prints one JSON line like `amdefect bench`.
// Usage: node ort_infer.js FILE [--batch 1] [--size 416] [--threads 2] [--steps 10]
'use strict';
const path = require('node:path');
const { parseArgs } = require('node:util');
const ort = require('onnxruntime-node');
const { version } = require('onnxruntime-node/package.json');

const { values, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: 'string', default: '1' },
    size: { type: 'string', default: '416' },
    threads: { type: 'string', default: '2' },
    steps: { type: 'string', default: '10' },
  },
});
const batch = Number(values.batch), size = Number(values.size);
const threads = Number(values.threads), steps = Number(values.steps);

async function main() {
  if (files.length !== 1) throw new Error('expected one ONNX file');
  const session = await ort.InferenceSession.create(files[0], { intraOpNumThreads: threads });
  const pixels = Float32Array.from({ length: batch * 3 * size * size }, Math.random);
  const inputs = { [session.inputNames[0]]: new ort.Tensor('float32', pixels, [batch, 3, size, size]) };
  for (let i = 0; i < 2; ++i) await session.run(inputs);  // to warm up
  const ms = [];
  for (let i = 0; i < steps; ++i) {
    const start = performance.now();
    await session.run(inputs);
    ms.push(Number((performance.now() - start).toFixed(2)));
  }
  const sorted = [...ms].sort((a, b) => a - b);
  const result = {
    program: `onnxruntime ${version}`, model: path.basename(files[0], '.onnx'), mode: 'infer', batch, size, threads, ms,
    median_ms: sorted[Math.floor(sorted.length / 2)],
    peak_rss_mb: Math.floor(process.resourceUsage().maxRSS / 1024),
  };
  console.log(JSON.stringify(result));
}

main().catch((error) => {
  console.error(`ort_infer.js: ${error.message}`);
  process.exitCode = 1;
});
