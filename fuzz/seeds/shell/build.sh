#!/usr/bin/env bash
set -euo pipefail
export DATA=${1:-data} OUT="$PWD/out"; N=$((1 + 2))
train() { local seed=$1; python -m train --seed "$seed" >log.txt 2>&1 || true; }
for seed in 1 2 3; do train "$seed" & done; wait
if [[ -f $DATA/x.csv && ! -d out ]]; then mkdir -p out; elif test -n "$X"; then cd src; else exit 1; fi
while read -r line; do echo "${line%%,*}" | tee -a out/log; done < "$DATA/list"
case "$1" in train|fit) make train ;; *) echo `date` $(git rev-parse HEAD) ;; esac
python - <<'EOF'
import sys
print(sys.argv)
EOF
cat <<-END | sort -u
	a $X \
	b
	END
(cd sub && pytest -q) ; { dvc pull; } || exit 2
function f { return 0; }
until curl -fs http://x; do sleep 1; done; trap 'rm -rf "$T"' EXIT; eval "$CMD"; . ./env.sh; python <<< "print(1)"
