import type { Dtype } from '../../tensor/dtype.ts'
import { TensorProto_DataType as DataType } from './onnx_pb.js'

const types: Readonly<Record<Dtype, DataType>> = {
  f64: DataType.DOUBLE,
  f32: DataType.FLOAT,
  f16: DataType.FLOAT16,
  bf16: DataType.BFLOAT16,
  f8_e4m3: DataType.FLOAT8E4M3FN,
  f8_e5m2: DataType.FLOAT8E5M2,
  i64: DataType.INT64,
  i32: DataType.INT32,
  i16: DataType.INT16,
  i8: DataType.INT8,
  u64: DataType.UINT64,
  u32: DataType.UINT32,
  u16: DataType.UINT16,
  u8: DataType.UINT8,
  bool: DataType.BOOL,
}

/** ONNX's number for an element type. */
export const onnxType = (dtype: Dtype): number => types[dtype]
