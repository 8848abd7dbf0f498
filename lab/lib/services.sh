# shellcheck shell=bash
services_facts() { :; }
