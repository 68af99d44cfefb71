$env:DATA = "data"
foreach ($f in Get-ChildItem *.py) { python $f }
if (Test-Path out) { python train.py `
  --out out } else { exit 1 }
