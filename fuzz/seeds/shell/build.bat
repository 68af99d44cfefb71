@echo off
set DATA=data
if exist %DATA% (python train.py --data %DATA%) else (exit /b 1)
for %%f in (*.py) do python %%f
call run.bat & goto :end
:end
