#!/usr/bin/env bash
# The scorecard on the public Chicago data: train on what the landing files hold, promote, grade at 2014-08-31.
#   bench/chicago.sh LANDING OUT
# leaves the policy with the promoted model in OUT/policy, the model and its card in OUT/models, and the snapshot whose
# regulators/grades.parquet ranks every entity by risk_points. Nothing after AS_OF is looked at.
set -euo pipefail
if (($# != 2)); then
  echo "usage: bench/chicago.sh LANDING OUT" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")/.." && pwd)
landing=$1 out=$2
as_of=2014-08-31
creditgrade=${CREDITGRADE:-$here/.venv/bin/creditgrade}
mkdir -p "$out"
rm -rf "$out/policy" "$out/models"
mkdir "$out/policy"
cp "$here"/policy/*.yaml "$out/policy/"
cp "$here/bench/chicago/scorecard.yaml" "$out/policy/scorecard.yaml"
# The scorecard gives the class.
sed -i '/^- id: class_method$/,/^- id: points_decay$/s/{value: expert,/{value: scorecard,/' "$out/policy/rules_risk.yaml"
grep -q '{value: scorecard,' "$out/policy/rules_risk.yaml"

"$creditgrade" model train --landing "$landing" --out "$out" --policy "$out/policy" --as-of "$as_of" --by bench
model=$(ls "$out"/models/scorecard-*.json)
"$creditgrade" model promote "$model" --policy "$out/policy" --by bench --reason "bench/chicago.sh"
"$creditgrade" run --landing "$landing" --out "$out" --policy "$out/policy" --as-of "$as_of" --publish \
  --accept-stale penalties --accept-stale listings
echo "points: $out/snapshots/as_of=$as_of/regulators/grades.parquet"
