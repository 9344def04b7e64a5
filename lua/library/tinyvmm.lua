-- SPDX-License-Identifier: MIT
--
-- Types of the API for the Lua language server: point its
-- workspace.library at this folder. lua/README.md explains what they do.

---@meta tinyvmm

---@alias tinyvmm.size integer|string

---@alias tinyvmm.code
---| "invalid"
---| "no-memory"
---| "overlap"
---| "alignment"
---| "range"
---| "denied"
---| "no-device"
---| "unsupported"
---| "busy"
---| "thread"
---| "pending"
---| "not-pending"
---| "unknown"
---| "read-only"
---| "format"
---| "io"
---| "limit"
---| "state"

---@alias tinyvmm.kind
---| "hvc"
---| "smc"
---| "mmio"
---| "sysreg"
---| "undefined"
---| "brk"
---| "wfi"
---| "fault"
---| "timer"
---| "budget"
---| "deadline"
---| "timeout"
---| "stopped"
---| "shutdown"
---| "breakpoint"

---@class tinyvmm
---@field version string
local tinyvmm = {}

---@class tinyvmm.range
---@field base tinyvmm.size
---@field size tinyvmm.size

---@class tinyvmm.options
---@field ram? tinyvmm.size|tinyvmm.range|tinyvmm.size[]|false
---@field backend? "soft"|"hvf"|"kvm"|"best"
---@field cpu? string
---@field seed? integer
---@field pauth? "qarma5"|"impdef"
---@field strict? boolean
---@field fp? boolean
---@field timer? "irq"|"exit"
---@field gic? "v3"
---@field granule? tinyvmm.size
---@field output? file*|fun(text: string)|"capture"

---@param options? tinyvmm.options
---@return tinyvmm.vm?, string? message, tinyvmm.code? code
function tinyvmm.vm(options) end

---@class tinyvmm.asm_options
---@field name? string
---@field symbols? table<string, integer>

---@param text string
---@param options? string|tinyvmm.asm_options
---@return tinyvmm.image
function tinyvmm.asm(text, options) end

---A builder of code: mnemonics and directives are methods.
---@param options? tinyvmm.asm_options
---@return table
function tinyvmm.a64(options) end

---@param path string
---@param options? tinyvmm.asm_options
---@return tinyvmm.image?, string? message, tinyvmm.code? code
function tinyvmm.asm_file(path, options) end

---@param path string
---@param options? tinyvmm.asm_options
---@return tinyvmm.image?, string? message, tinyvmm.code? code
function tinyvmm.load(path, options) end

---@param what integer|string|tinyvmm.image
---@param address? integer
---@return string
function tinyvmm.dis(what, address) end

---@return {name: string, usable: boolean, reason: string?}[]
function tinyvmm.backends() end

---@return string[]
function tinyvmm.cpus() end

---@class tinyvmm.image
---@field size integer
---@field align integer
---@field entry integer
---@field symbols table<string, integer>
local image = {}

---@param address integer
---@return string
function image:bytes_at(address) end

---@param address integer
---@return tinyvmm.image
function image:place(address) end

---@class tinyvmm.limits
---@field budget? integer
---@field deadline? integer
---@field timeout? number

---What a backend can do on this machine; nil: any number.
---@class tinyvmm.abilities
---@field address_bits integer
---@field vcpus integer?
---@field breakpoints integer?
---@field notes string[]

---@class tinyvmm.vm
---@field time integer
---@field backend string
---@field cpu string
---@field exact boolean
---@field gic "v3"?
---@field granule integer
---@field limits tinyvmm.abilities
---@field breakpoints integer[]
---@field exits table<tinyvmm.kind, integer>
---@field memory tinyvmm.memory[]
---@field ram tinyvmm.memory?
---@field vcpus tinyvmm.vcpu[]
local vm = {}

---@param limits? integer|tinyvmm.limits
---@return tinyvmm.exit
function vm:run(limits) end

---@class tinyvmm.vcpu_options
---@field pc? integer
---@field sp? integer
---@field on? boolean
---@field [string] integer|number|string

---@param options? tinyvmm.vcpu_options
---@return tinyvmm.vcpu?, string? message, tinyvmm.code? code
function vm:vcpu(options) end

---@class tinyvmm.map_options
---@field base tinyvmm.size
---@field size tinyvmm.size
---@field kind? "ram"|"rom"|"mmio"
---@field prot? string
---@field read? fun(offset: integer, size: integer): integer
---@field write? fun(offset: integer, size: integer, value: integer)

---@param options tinyvmm.map_options
---@return tinyvmm.memory?, string? message, tinyvmm.code? code
function vm:map(options) end

---@param address integer
---@param what tinyvmm.image|string
---@return integer entry
---@overload fun(self: tinyvmm.vm, what: tinyvmm.image|string): integer
function vm:load(address, what) end

---@param number integer|"default"
---@param fn? fun(cpu: tinyvmm.vcpu, ...: integer): ...
function vm:hypercall(number, fn) end

---@param event "undefined"|"sysreg"
---@param fn? true|fun(cpu: tinyvmm.vcpu, ...): boolean|integer|nil
---@return true?, string? message, tinyvmm.code? code
function vm:on(event, fn) end

function vm:stop() end

---Drives an input of the GIC; the level stays.
---@param intid integer a shared peripheral interrupt, 32 to 255
---@param level boolean
function vm:irq(intid, level) end

function vm:reset() end

---@return string
function vm:take_output() end

---@param to? file*|fun(lines: string)
---@return true?, string? message, tinyvmm.code? code
function vm:trace(to) end

---Runs stop before the instruction at this address or symbol.
---@param at integer|string
---@return integer? address
---@return string? message
---@return tinyvmm.code? code
function vm:set_breakpoint(at) end

---Returns whether there was one.
---@param at integer|string
---@return boolean
function vm:clear_breakpoint(at) end

function vm:close() end

---@param address integer
---@return string? name, integer? offset
function vm:symbol(address) end

---@param name string
---@return integer
function vm:address(name) end

---@param address integer
---@param n integer
---@return string
function vm:read(address, n) end

---@param address integer
---@param bytes string
function vm:write(address, bytes) end

---@param address integer
---@param max? integer
---@return string
function vm:cstring(address, max) end

---@param format string
---@param address integer
---@return any ...
function vm:unpack(format, address) end

---@param address integer
---@param n? integer
---@return string
function vm:hexdump(address, n) end

---@param address integer
---@return integer
function vm:read_u8(address) end

---@param address integer
---@param value integer
function vm:write_u8(address, value) end

---@param address integer
---@return integer
function vm:read_u16(address) end

---@param address integer
---@param value integer
function vm:write_u16(address, value) end

---@param address integer
---@return integer
function vm:read_u32(address) end

---@param address integer
---@param value integer
function vm:write_u32(address, value) end

---@param address integer
---@return integer
function vm:read_u64(address) end

---@param address integer
---@param value integer
function vm:write_u64(address, value) end

---@param address integer
---@return integer
function vm:read_i8(address) end

---@param address integer
---@param value integer
function vm:write_i8(address, value) end

---@param address integer
---@return integer
function vm:read_i16(address) end

---@param address integer
---@param value integer
function vm:write_i16(address, value) end

---@param address integer
---@return integer
function vm:read_i32(address) end

---@param address integer
---@param value integer
function vm:write_i32(address, value) end

---@param address integer
---@return integer
function vm:read_i64(address) end

---@param address integer
---@param value integer
function vm:write_i64(address, value) end

---@param address integer
---@return number
function vm:read_f32(address) end

---@param address integer
---@param value number
function vm:write_f32(address, value) end

---@param address integer
---@return number
function vm:read_f64(address) end

---@param address integer
---@param value number
function vm:write_f64(address, value) end

---@class tinyvmm.memory
---@field base integer
---@field size integer
---@field kind "ram"|"rom"|"mmio"
---@field prot string?
local memory = {}

---@param offset integer
---@param n integer
---@return string
function memory:read(offset, n) end

---@param offset integer
---@param bytes string
function memory:write(offset, bytes) end

---@param byte integer
---@param offset? integer
---@param n? integer
function memory:fill(byte, offset, n) end

---@param bytes string
---@param offset? integer
---@return integer?
function memory:find(bytes, offset) end

---@param offset? integer
---@param n? integer
---@return string
function memory:hexdump(offset, n) end

---@param prot string
function memory:protect(prot) end

---Begins (or begins anew) a log of written pages, or ends it.
---@param on boolean
function memory:log(on) end

---Takes the log: offsets of the pages (of 4096 bytes) written since.
---@return integer[]
function memory:dirty() end

function memory:unmap() end

---@param offset integer
---@param value? integer
---@return integer?
function memory:u8(offset, value) end

---@param offset integer
---@param value? integer
---@return integer?
function memory:u16(offset, value) end

---@param offset integer
---@param value? integer
---@return integer?
function memory:u32(offset, value) end

---@param offset integer
---@param value? integer
---@return integer?
function memory:u64(offset, value) end

---@param offset integer
---@param value? integer
---@return integer?
function memory:i8(offset, value) end

---@param offset integer
---@param value? integer
---@return integer?
function memory:i16(offset, value) end

---@param offset integer
---@param value? integer
---@return integer?
function memory:i32(offset, value) end

---@param offset integer
---@param value? integer
---@return integer?
function memory:i64(offset, value) end

---@param offset integer
---@param value? number
---@return number?
function memory:f32(offset, value) end

---@param offset integer
---@param value? number
---@return number?
function memory:f64(offset, value) end

---@class tinyvmm.vcpu
---@field icount integer
---@field index integer
---@field on boolean
---@field pending boolean
---@field vm tinyvmm.vm
---@field pc integer
---@field sp integer
---@field pstate integer
---@field [string] integer|number|string
local vcpu = {}

---@param limits? integer|tinyvmm.limits
---@return tinyvmm.exit
function vcpu:run(limits) end

---@param n? integer
---@return tinyvmm.exit
function vcpu:step(n) end

---@param value integer
function vcpu:answer(value) end

function vcpu:skip() end

---@param syndrome {esr: integer, far: integer?}
function vcpu:inject(syndrome) end

---@param level boolean
function vcpu:irq(level) end

---@param level boolean
function vcpu:fiq(level) end

function vcpu:close() end

---@class tinyvmm.exit
---@field kind tinyvmm.kind
---@field why string
---@field cpu tinyvmm.vcpu?
---@field pc integer
---@field insn integer
---@field icount integer?
---@field imm integer?
---@field nr integer?
---@field args integer[]?
---@field addr integer?
---@field size integer?
---@field write boolean?
---@field value integer?
---@field name string?
---@field reason string?
---@field status integer?
---@field esr integer?
---@field far integer?
---@field access "r"|"w"|"x"?
---@field level integer?

return tinyvmm
