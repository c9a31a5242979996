# The two commands: `make demo` and `make test`. Everything else is listed by `make help`.
# Each verb is a thin door to `kws-tflm VERB`; `make setup` brings whatever it needs.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

KWS := .venv/bin/kws-tflm
BOARD ?= nucleo_f767zi
BOARD_ARG := --board $(BOARD)
MODEL_ARG := $(if $(MODEL),$(MODEL))
STAMPS := build/.stamps

HOST_SOURCES := CMakeLists.txt pyproject.toml third_party/tflm/tflm.cmake \
  $(shell find custom_ops stm32f7_app/core kws_tflm/runtime/src kws_tflm/virtual_board/native \
    -name '*.cc' -o -name '*.h' -o -name '*.cmake' 2>/dev/null)

.PHONY: help setup demo test lint format lock firmware flash run monitor clean

help: ## list the targets
	@echo "kws-tflm: spoken keywords from Keras to an STM32F7. First: make demo"
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  \1\t/' | expand -t 14
	@echo "Variables: BOARD=$(BOARD) MODEL=file.tflite AUDIO=file.wav FLASH=stflash|openocd|pyocd DRY_RUN=1 PORT=/dev/ttyACM0"

$(STAMPS)/system: scripts/setup_system.sh
	@mkdir -p $(STAMPS)
	@scripts/setup_system.sh
	@touch $@

$(STAMPS)/python: third_party/python/requirements.txt | $(STAMPS)/system
	@mkdir -p $(STAMPS)
	@echo "== Python environment (.venv; about 2.6 GB, a minute or two)"
	@test -x .venv/bin/python || python3 -m venv .venv
	@.venv/bin/python -m pip install -q --disable-pip-version-check -r third_party/python/requirements.txt
	@touch $@

$(STAMPS)/tflm: third_party/tflm/Cargo.toml third_party/tflm/Cargo.lock scripts/setup_tflm.sh | $(STAMPS)/system
	@mkdir -p $(STAMPS)
	@scripts/setup_tflm.sh
	@touch $@

$(STAMPS)/host: $(HOST_SOURCES) $(STAMPS)/python $(STAMPS)/tflm
	@echo "== host library (TensorFlow Lite Micro, custom operators, firmware core) and .venv/bin/kws-tflm"
	@PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python -m pip install -q --disable-pip-version-check \
	  --no-build-isolation --no-deps -e .
	@touch $@

setup: $(STAMPS)/system $(STAMPS)/python $(STAMPS)/tflm $(STAMPS)/host ## everything that the rest needs: .venv, cross compiler, TFLM, host library

demo: setup ## train, prune, quantise, convert, build the firmware, let the virtual board listen
	@$(KWS) demo

test: setup ## all tests
	@.venv/bin/python -m pytest $(PYTEST_ARGS)

lint: setup ## ruff, mypy, clang-format
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .
	@.venv/bin/mypy
	@scripts/clang_format.sh --check

format: setup ## rewrite the sources in the agreed format
	@.venv/bin/ruff check --fix -q . ; .venv/bin/ruff format .
	@scripts/clang_format.sh

lock: setup ## pin the present environment into third_party/python/requirements.txt
	@scripts/lock_python.sh

firmware: setup ## build the firmware: MODEL=file.tflite BOARD=...
	@$(KWS) firmware $(MODEL_ARG) $(BOARD_ARG)

flash: setup ## build and write it to a board: FLASH=stflash|openocd|pyocd DRY_RUN=1
	@$(KWS) flash $(MODEL_ARG) $(BOARD_ARG) $(if $(FLASH),--tool $(FLASH)) $(if $(DRY_RUN),--dry-run)

run: setup ## play AUDIO=file.wav into the virtual board's microphone
	@$(if $(AUDIO),,echo "make run: name a recording: make run AUDIO=file.wav"; exit 2;) \
	$(KWS) run $(MODEL_ARG) --audio "$(AUDIO)" $(BOARD_ARG)

monitor: setup ## the console of a connected board: PORT=/dev/ttyACM0
	@$(KWS) monitor $(if $(PORT),--port $(PORT))

clean: ## remove build/ (keeps .venv and runs/)
	@rm -rf build
